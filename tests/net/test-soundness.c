/* The inference against the truth: random walks in the lab, after each step of which the state of
 * the peer's kernel must be in our set (walk.h). A walk that fails is shortened and written as a
 * figure.
 *
 * As a test it does a few hundred. With arguments it is the bench's: test-soundness WALKS [SEED].
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "walkers.h"

enum {
    STEPS = 20,
    WALKS = 300,
    JOBS = 8,
    LEAST_PRECISION = 80, /* percent */
};

static void tell_wide(const struct walk_tally *t)
{
    static bool told[WALK_SETS];
    memset(told, 0, sizeof(told));
    for (int line = 0; line < 12; line++) {
        size_t most = 0;
        for (size_t i = 1; i < WALK_SETS; i++) {
            if (!told[i] && t->wide[i] > t->wide[most])
                most = i;
        }
        if (most == 0)
            break;
        char set[STATE_SET_TEXT_MAX];
        told[most] = true;
        printf("# %5.2f %% %s\n", 100.0 * (double)t->wide[most] / (double)t->steps,
               state_set_format((state_set)most, set));
    }
}

static void tell_where(const struct walk_tally *t)
{
    printf("# the peer was in");
    for (enum state s = STATE_CLOSED; s < STATE_COUNT; s++)
        printf(" %s %.1f %%%s", state_name(s), 100.0 * (double)t->by_truth[s] / (double)t->steps,
               s + 1 < STATE_COUNT ? "," : "\n");
}

static void tell_failures(const struct walkers_found *f)
{
    if (f->trouble[0] != '\0')
        printf("# %s\n", f->trouble);
    for (size_t i = 0; i < f->failure_count && i < WALKERS_FAILURES_MAX; i++)
        printf("# walk %zu over IPv%d, step %zu: %s\n", f->failures[i].walk,
               f->failures[i].v6 ? 6 : 4, f->failures[i].step, f->failures[i].why);
}

static double precision(const struct walk_tally *t)
{
    return t->steps > 0 ? 100.0 * (double)t->precise / (double)t->steps : 0;
}

static void progress(const struct walkers_found *f)
{
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r%zu walks", (size_t)f->tally.walks);
}

static int bench(size_t walks, uint64_t seed)
{
    static struct walkers_found found;
    walkers_walk_all(seed, walks, STEPS, 4 * (size_t)sysconf(_SC_NPROCESSORS_ONLN), &found,
                     progress);
    printf("# seed %" PRIu64 "\n", seed);
    tell_failures(&found);
    tell_where(&found.tally);
    tell_wide(&found.tally);
    bool sound = found.failure_count == 0 && found.tally.walks == walks;
    printf("soundness %zu/%zu walks, precision %.1f %% of %zu steps\n",
           (size_t)found.tally.walks - found.failure_count, walks, precision(&found.tally),
           (size_t)found.tally.steps);
    return sound && precision(&found.tally) >= LEAST_PRECISION ? 0 : 1;
}

static int show(size_t walk, uint64_t seed)
{
    static struct walkers_found found;
    const struct walkers_order order = {.seed = seed,
                                        .first = walk,
                                        .count = 1,
                                        .steps = STEPS,
                                        .v6 = walkers_v6(walk),
                                        .written = true};
    walkers_walk(&order, &found);
    printf("%s", found.rows);
    tell_failures(&found);
    return found.failure_count == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    uint64_t walks = WALKS, seed = (uint64_t)time(NULL) % 1000000;
    if (argc > 1 && !text_to_number(argv[1], 1, 10000000, &walks))
        return 2;
    if (argc > 2 && !text_to_number(argv[2], 0, UINT64_MAX, &seed))
        return 2;
    if (argc > 3 && text_to_number(argv[3], 0, walks, &walks))
        return show(walks, seed);
    return bench(walks, seed);
}
