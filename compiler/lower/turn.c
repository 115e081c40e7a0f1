/* Whose turn it is: the order in which nests run.
 *
 * Whatever a nest waits for comes before it, and the nests of a recurrence follow each
 * other. Of the orders that are left one is the nests' own, as the equations stand:
 * forwards, backwards, then the gradients of all parameters; what one of them waits for
 * comes right before it. In another, a nest after which less memory is in use than before
 * has its turn as soon as it can: so the gradient of a parameter comes when what it is
 * computed from would otherwise be kept for it alone. It is taken where most in use at once
 * is less. */
#include "nest.h"

typedef struct Touched {
    VEC(int) at; /* numbers of scratch buffers, each once */
} Touched;

typedef struct Turns {
    const Schedule *s;
    Arena *scratch;
    Buffers buffer;
    Touched *touched;  /* by nest */
    int *users, *left; /* by buffer: nests that touch it; those of them that have not run */
    bool *done;        /* by nest */
    bool eager;
    size_t live, most; /* bytes in use now; at most so far */
} Turns;

static int number_for(Turns *t, Buffer *b)
{
    for (int i = 0; i < t->buffer.n; i++)
        if (t->buffer.at[i] == b)
            return i;
    PUSH(t->scratch, &t->buffer, b);
    return t->buffer.n - 1;
}

static void touch(Turns *t, Touched *list, int number)
{
    for (int i = 0; i < list->at.n; i++)
        if (list->at.at[i] == number)
            return;
    PUSH(t->scratch, &list->at, number);
}

static void find_touched(Turns *t)
{
    t->touched = NEWN(t->scratch, Touched, t->s->nest.n);
    for (int i = 0; i < t->s->nest.n; i++) {
        Buffers used = buffers_of(t->s, t->s->nest.at[i], t->scratch);
        for (int k = 0; k < used.n; k++)
            touch(t, &t->touched[i], number_for(t, used.at[k]));
    }
    t->users = NEWN(t->scratch, int, t->buffer.n);
    t->left = NEWN(t->scratch, int, t->buffer.n);
    for (int i = 0; i < t->s->nest.n; i++)
        for (int k = 0; k < t->touched[i].at.n; k++)
            t->users[t->touched[i].at.at[k]]++;
}

/* Bytes that a nest begins to use, and that nobody uses after it. */
static void change(const Turns *t, int nest, size_t *begun, size_t *ended)
{
    *begun = *ended = 0;
    for (int k = 0; k < t->touched[nest].at.n; k++) {
        int b = t->touched[nest].at.at[k];
        size_t bytes = aligned(t->buffer.at[b]->bytes);
        *begun += t->left[b] == t->users[b] ? bytes : 0;
        *ended += t->left[b] == 1 ? bytes : 0;
    }
}

static bool is_ready(const Turns *t, const Nest *n)
{
    for (int i = 0; i < n->after.n; i++)
        if (!t->done[n->after.at[i]->id])
            return false;
    return true;
}

static bool makes_room(const Turns *t, int nest)
{
    size_t begun, ended;
    change(t, nest, &begun, &ended);
    return !t->s->nest.at[nest]->group && begun < ended;
}

/* The first that is ready, of this group if it is not 0, and, if eager, makes room; -1:
 * there is none. */
static int first_ready(const Turns *t, int group, bool eager)
{
    for (int i = 0; i < t->s->nest.n; i++) {
        const Nest *n = t->s->nest.at[i];
        if (!t->done[i] && (!group || n->group == group) && is_ready(t, n) &&
            (!eager || makes_room(t, i)))
            return i;
    }
    return -1;
}

/* The nest, or the first that has to run so that it may. */
static int needed_for(const Turns *t, int nest)
{
    const Nest *n = t->s->nest.at[nest];
    for (int i = 0; i < n->after.n; i++)
        if (!t->done[n->after.at[i]->id])
            return needed_for(t, n->after.at[i]->id);
    return nest;
}

static int next_turn(const Turns *t, int group)
{
    int next = group ? first_ready(t, group, false) : -1;
    if (next < 0 && t->eager)
        next = first_ready(t, 0, true);
    for (int i = 0; next < 0 && i < t->s->nest.n; i++)
        if (!t->done[i])
            next = needed_for(t, i);
    return next;
}

static void run(Turns *t, int nest)
{
    size_t begun, ended;
    change(t, nest, &begun, &ended);
    t->live += begun;
    t->most = t->live > t->most ? t->live : t->most;
    t->live -= ended;
    for (int k = 0; k < t->touched[nest].at.n; k++)
        t->left[t->touched[nest].at.at[k]]--;
    t->done[nest] = true;
}

/* Sets `most`. */
static Nest **take_turns(Turns *t, bool eager)
{
    int count = t->s->nest.n, group = 0;
    Nest **sorted = NEWN(t->scratch, Nest *, count);
    t->done = NEWN(t->scratch, bool, count);
    t->eager = eager;
    t->live = t->most = 0;
    if (t->buffer.n)
        memcpy(t->left, t->users, (size_t)t->buffer.n * sizeof *t->left);
    for (int k = 0; k < count; k++) {
        int i = next_turn(t, group);
        run(t, i);
        sorted[k] = t->s->nest.at[i];
        group = sorted[k]->group;
    }
    return sorted;
}

void order_nests(Schedule *s)
{
    Turns t = {.s = s, .scratch = new_arena()};
    find_touched(&t);
    Nest **sorted = take_turns(&t, false);
    size_t most = t.most;
    Nest **eager = take_turns(&t, true);
    if (t.most < most)
        sorted = eager;
    for (int k = 0; k < s->nest.n; k++)
        s->nest.at[k] = sorted[k];
    free_arena(t.scratch);
}
