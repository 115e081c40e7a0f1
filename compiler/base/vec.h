/* Growing arrays in an arena:
 *
 *   VEC(Tensor *) list = {0};
 *   PUSH(arena, &list, t);
 *   for (int i = 0; i < list.n; i++) use(list.at[i]);
 */
#ifndef VEC_H
#define VEC_H

#include "arena.h"

#include <string.h>

#define VEC(type)                                                                            \
    struct {                                                                                 \
        type *at;                                                                            \
        int n, room;                                                                         \
    }

#define PUSH(arena, v, ...)                                                                  \
    do {                                                                                     \
        if ((v)->n == (v)->room) {                                                           \
            (v)->room = (v)->room ? 2 * (v)->room : 4;                                       \
            void *more_ = allocate((arena), (size_t)(v)->room * sizeof *(v)->at);            \
            if ((v)->n)                                                                      \
                memcpy(more_, (v)->at, (size_t)(v)->n * sizeof *(v)->at);                    \
            (v)->at = more_;                                                                 \
        }                                                                                    \
        (v)->at[(v)->n++] = __VA_ARGS__;                                                     \
    } while (0)

#endif
