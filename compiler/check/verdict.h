/* One derivative found in three ways, and which of them disagrees. */
#ifndef VERDICT_H
#define VERDICT_H

#include <stdbool.h>
#include <stdint.h>

/* The three numbers for one element of a gradient. */
typedef struct Ways {
    int64_t at;
    double derived;     /* the derived equations, interpreted */
    double difference;  /* of the interpreted loss, */
    double unsure;      /* and its own estimate of how far it is off */
    double emitted;     /* the program in double precision */
    bool differed, ran; /* whether there is a difference, and a program */
} Ways;

typedef enum Verdict {
    AGREE,
    DERIVED_WRONG, /* the others agree; or the program agrees with it, being made from it */
    DIFFERENCE_UNSURE, /* the others agree, and it does not settle */
    EMITTED_WRONG,     /* the others agree */
    EMITTED_APART,     /* from the derived one, and there is no difference */
    ALL_APART,
    NVERDICT
} Verdict;
extern const char *const verdict_name[NVERDICT];

/* Of two numbers, by the greater of them but at least `least`. */
double relative_error(double a, double b, double least);

/* Errors up to tol are none between derived and difference, up to tol64 between derived and
 * emitted. */
Verdict judge(const Ways *w, double least, double tol, double tol64);

#endif
