/* The page of gradc grad, in parts.
 *
 * An item's keys (data-k) say what it is about: T7 is tensor 7, E7 its equation, D7 the
 * equations derived from it, L7 line 7 of the C. Pointing at an item lights up the items
 * that have one of the keys it points to (data-p); page.js does that. */
#ifndef HTML_H
#define HTML_H

#include "facts.h"
#include "show.h"

typedef struct Page {
    Out *o;
    const Shown *s;
    const Graph *g;
    const Entry *entry;
    bool *wanted;
    Fate *fate;
    double most;    /* of what heat shows: flops of the dearest equation, or seconds */
    double seconds; /* of all regions, where they were measured */
    VEC(const Source *) source;
} Page;

void put_text(const Page *p, const char *text);                /* as XML */
const char *quantity(const Page *p, double x, const char *of); /* "27 kB" */
bool is_shown(const Page *p, const Region *r); /* something of what it computes is */

/* "12 µs, 8 % of the time": of a region that was measured. */
const char *measured(const Page *p, int region);

/* A style for an item that has this part of the greatest heat, 0..1. */
const char *heat(const Page *p, double part);

/* ---- html_code.c ---- */

void put_loop_nests(const Page *p);
void put_c(const Page *p);
void put_assembly(const Page *p);

/* ---- html_panels.c ---- */

void put_panels(const Page *p);

#endif
