/* Parts of JSON. */
#ifndef JSON_H
#define JSON_H

#include "out.h"

void put_string(Out *o, const char *text);                   /* "text" */
void put_field(Out *o, const char *name, const char *text); /* , "name": "text" */

#endif
