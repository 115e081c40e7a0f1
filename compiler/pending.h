#include "ir.h"
bool check_graph(Out *o, const Graph *g, const char *f64, const char *f32, double tol, Arena *a);
