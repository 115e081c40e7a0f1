/* Pictures of graphs. */
#ifndef DRAW_H
#define DRAW_H

#include "out.h"

/* What Graphviz's program dot makes of its language: SVG. Without the program that is
 * fatal. */
Out draw_graph(const Out *dot, Arena *a);

#endif
