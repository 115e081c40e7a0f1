/* What the files that write report.html share. */
#ifndef REPORT_H
#define REPORT_H

#include "train.h"

/* ---- chart.c ---- */

typedef struct Curve {
    const char *name;
    const double *x, *y;
    size_t n, stride; /* numbers from one point to the next */
} Curve;

typedef struct Chart {
    int wide, high;
    bool logarithmic;
    const Curve *curve;
    int curves;
} Chart;

void gr_put_chart(FILE *f, const Chart *c);

/* The only curve without anything around it; its axis is logarithmic. */
void gr_put_spark(FILE *f, const Chart *c, double lo, double hi);

/* ---- judge.c ---- */

enum { WORST = 12 };

typedef struct Judged {
    size_t at; /* position among the rows */
    double loss;
    int target, said; /* classes; -1: there are none, or several in an example */
} Judged;

/* Examples one by one, with the parameters that are there. */
typedef struct Judgement {
    size_t examples;
    int target, output; /* tensors that are compared as classes, or -1 */
    int classes;
    size_t *matrix; /* how often class i was taken for class j */
    Judged worst[WORST];
    int nworst;
} Judgement;

bool gr_judge(Run *r, const Data *d, const Rows *rows, double seconds, Judgement *out);

/* The name of class k of a tensor: as in its data, or a number. */
gr_text gr_class_name(const Run *r, int tensor, int k);

/* ---- report.c ---- */

void gr_put_html(FILE *f, const char *text); /* with what HTML reads in its own way escaped */

#endif
