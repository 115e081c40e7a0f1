/* The list of simplifying passes, run until none finds anything.
 *
 * Folding and sums make expressions smaller or move constants outwards, inlining removes an
 * equation, merging removes one, and a saved value replaces operations by a read; nothing undoes
 * what another did: inlining leaves costly operations of the model's equations where they are,
 * and only those are replaced by reads. */
#include "opt.h"

enum { MOST_ROUNDS = 50 };

void simplify(Graph *g)
{
    sort_graph(g);
    bool changed = true;
    for (int round = 0; changed; round++) {
        if (round == MOST_ROUNDS)
            bug("'%s' is not simple after %d rounds", g->name, round);
        changed = fold_constants(g);
        changed = simplify_sums(g) || changed;
        changed = inline_equations(g) || changed;
        changed = merge_equal(g) || changed;
        changed = use_saved_values(g) || changed;
        changed = remove_dead(g) || changed;
    }
}
