/* Generated C that needs no other file: gradc's headers go where they are included. */
#ifndef ALONE_H
#define ALONE_H

#include "out.h"

/* The text with the headers of `folder` in place of their #include lines. */
void put_alone(Out *o, const char *text, const char *folder);

#endif
