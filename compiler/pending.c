/* Stands in for stages that are not there yet; goes when they all are. */
#include "ast.h"
#include "elab.h"
#include "loop.h"
#include "emit.h"
#include "out.h"
#include "check.h"
#include "sema.h"
#define WEAK __attribute__((weak))
#define MISSING fatal("this stage is not there yet")
WEAK void parse(Program *p, const Source *s, Arena *a) { (void)p, (void)s, (void)a; MISSING; }
WEAK void print_program(Out *o, const Program *p) { (void)o, (void)p; MISSING; }
WEAK void resolve(Program *p) { (void)p; MISSING; }
WEAK Graph *elaborate(const Program *p, const ElabOptions *o, Arena *a) { (void)p, (void)o, (void)a; MISSING; }
WEAK Module *lower(const Graph *g, const Graph *const e[NENTRY], const LowerOptions *o, Arena *a) { (void)g, (void)e, (void)o, (void)a; MISSING; }
WEAK void print_module(Out *o, const Module *m) { (void)o, (void)m; MISSING; }
WEAK void verify_module(const Module *m) { (void)m; MISSING; }
WEAK const char *const entry_name[NENTRY] = {"init", "forward", "gradients", "step"};
WEAK const Target *find_target(const char *name) { (void)name; MISSING; }
WEAK bool check_graph(Out *o, const Graph *g, const CheckOptions *c) { (void)o, (void)g, (void)c; MISSING; }
WEAK void print_formatted(Out *o, const Source *s) { (void)o, (void)s; MISSING; }
