/* The standard library's sources, built in. */
#ifndef STD_H
#define STD_H

#include "diag.h"

extern const Source std_source[];
extern const int std_sources;

#endif
