/* The inference against the truth: random walks in the lab, after each step of which the state of
 * the peer's kernel must be in our set (walk.h). A walk that fails is shortened and written as a
 * figure, for `tcpshake lab play`.
 *
 * As a test it does a few hundred, the same ones each time, since whether a change is taken should
 * not hang on a draw; SOUNDNESS_SEED has it take others. With arguments it is the bench's, which
 * draws:
 *   test-soundness WALKS [SEED]          that many walks, and the line that says how it went
 *   test-soundness WALKS SEED NUMBER     one of them, as a figure with the set after each step
 * With --ask before these, talk/ask may ask for the state after each step; with --kind NAME they
 * are of another kind (walk_kinds.h). */
#include "../unit/unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shorten.h"

enum {
    STEPS = 20,
    WALKS = 300,
    WALKS_MOST = 10000000,
    JOBS = 12,
    JOBS_A_CPU = 16, /* most of a walk is waiting */
    ASKING_WALKS = 100,
    KIND_WALKS = 100,     /* over a cable and a wire, IPv4 and IPv6 */
    LEAST_PRECISION = 64, /* percent; a sixth of the steps leave a SYN,ACK that may be a cookie's */
    LEAST_NAMED = 95,     /* when it may be asked */
    CHANCE = 3,           /* in so few walks */
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

static void tell_questions(const struct walk_tally *t)
{
    for (enum stimuli_id q = 0; q < STIMULI_COUNT; q++) {
        if (t->by_question[q] > 0)
            printf("# %5.2f %% asked by %s\n", 100.0 * (double)t->by_question[q] / (double)t->steps,
                   stimuli_at(q)->what);
    }
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

/* --- A walk that fails --- */

static void write_figure(const char *rows, const struct walkers_order *of, size_t walk,
                         const char *what)
{
    const struct walk_kind *kind = walk_kind_at(of->kind);
    const char *dir = getenv("SOUNDNESS_DIR");
    char path[512], options[WALKERS_OPTIONS_MAX];
    struct fault fault = {{0}};
    (void)snprintf(path, sizeof(path), "%s/walk-%s-%" PRIu64 "-%zu%s.fig", dir != NULL ? dir : ".",
                   kind->name, of->seed, walk, what);
    FILE *f = fopen(path, "we");
    bool written = f != NULL && fprintf(f, "%s# tcpshake lab %splay %s\n", rows,
                                        walkers_options(kind, walk, options), path) > 0;
    if (f != NULL)
        written = fclose(f) == 0 && written;
    printf("# %s %s\n", path, written ? "shows it" : "could not be written");
    if (!shorten_is_figure(rows, &fault))
        printf("# it is no figure: %s\n", fault.text);
}

/* Each of those that failed as it was, and the first in its shortest form besides. */
static void write_failures(const struct walkers_found *all, const struct walkers_order *of)
{
    static struct walkers_found found;
    for (size_t i = 0; i < all->failure_count && i < WALKERS_FAILURES_MAX; i++)
        write_figure(all->failures[i].rows, of, all->failures[i].walk, "");
    if (all->failure_count == 0)
        return;
    size_t walk = all->failures[0].walk;
    struct walkers_order order = *of;
    order.first = walk;
    order.count = 1;
    if (!shorten(&order, &found)) {
        printf("# walk %zu does not fail again\n", walk);
        return;
    }
    printf("# walk %zu fails with %zu of its steps\n", walk, shorten_left(&order));
    write_figure(found.rows, of, walk, "-short");
}

/* --- The tests --- */

static uint64_t chosen_seed(uint64_t seed)
{
    const char *given = getenv("SOUNDNESS_SEED");
    if (given != NULL)
        (void)text_to_number(given, 0, UINT64_MAX, &seed);
    return seed;
}

static double percent(uint64_t part, uint64_t whole)
{
    return whole > 0 ? 100.0 * (double)part / (double)whole : 0;
}

static void tell_all(const struct walkers_found *f)
{
    const struct walk_tally *t = &f->tally;
    tell_failures(f);
    printf("# precision over a cable %.1f %%, over a wire that loses, doubles and delays %.1f %%\n",
           percent(t->precise - t->wired_precise, t->steps - t->wired_steps),
           percent(t->wired_precise, t->wired_steps));
    tell_where(&f->tally);
    tell_wide(&f->tally);
    tell_questions(&f->tally);
}

UNIT_TEST(test_walks)
{
    static struct walkers_found found;
    uint64_t seed = chosen_seed(1);
    const struct walkers_order order = {.seed = seed, .count = WALKS, .steps = STEPS};
    walkers_walk_all(&order, JOBS, &found, NULL);
    printf("# seed %" PRIu64 "\n", seed);
    tell_all(&found);
    write_failures(&found, &order);
    assert_string_equal(found.trouble, "");
    assert_int_equal(found.failure_count, 0);
    assert_int_equal(found.tally.walks, WALKS);
    assert_int_equal(found.tally.steps, WALKS * STEPS);
    printf("# precision %.1f %%\n", precision(&found.tally));
    assert_true(precision(&found.tally) >= LEAST_PRECISION - CHANCE);
}

/* The other kinds: peers as people have them, and others on the network. */
UNIT_TEST(test_kinds)
{
    static const char *const sound[] = {"defer", "queue", "overflow", "swallows", "rejects"};
    static struct walkers_found found;
    struct walkers_order order = {.seed = chosen_seed(1), .count = KIND_WALKS, .steps = STEPS};
    for (size_t i = 0; i < sizeof(sound) / sizeof(sound[0]); i++) {
        order.kind = walk_kind_find(sound[i]);
        walkers_walk_all(&order, JOBS, &found, NULL);
        printf("# %s: %s\n", sound[i], walk_kind_at(order.kind)->what);
        tell_failures(&found);
        write_failures(&found, &order);
        assert_string_equal(found.trouble, "");
        assert_int_equal(found.failure_count, 0);
        assert_int_equal(found.tally.walks, KIND_WALKS);
        assert_int_equal(found.tally.steps + found.tally.misled_steps, KIND_WALKS * STEPS);
        printf("# precision %.1f %%\n", precision(&found.tally));
    }
}

/* What talk/ask names is what the kernel is in: a wrong name is outside the set, and fails. */
UNIT_TEST(test_asking)
{
    static struct walkers_found found;
    const struct walkers_order order = {
        .seed = chosen_seed(1), .count = ASKING_WALKS, .steps = STEPS, .asks = true};
    walkers_walk_all(&order, JOBS, &found, NULL);
    tell_all(&found);
    write_failures(&found, &order);
    assert_string_equal(found.trouble, "");
    assert_int_equal(found.failure_count, 0);
    assert_int_equal(found.tally.steps, ASKING_WALKS * STEPS);
    printf("# named %.1f %%\n", precision(&found.tally));
    assert_true(precision(&found.tally) >= LEAST_NAMED - CHANCE);
}

/* The same seed takes the same steps, another takes others, and all kinds occur. */
static void steps_of(const struct walk_kind *kind)
{
    size_t same = 0, kinds[STEP_KINDS] = {0};
    for (size_t i = 0; i < 1000; i++) {
        const struct step a = step_of(kind, 7, i / STEPS, i % STEPS),
                          b = step_of(kind, 7, i / STEPS, i % STEPS);
        const struct step c = step_of(kind, 8, i / STEPS, i % STEPS);
        assert_true(a.kind == b.kind && a.flags == b.flags && a.seq == b.seq && a.ack == b.ack &&
                    a.len == b.len && a.random == b.random && a.act.call == b.act.call &&
                    a.wait_ns == b.wait_ns);
        same += a.random == c.random;
        kinds[a.kind]++;
    }
    assert_true(same < 10);
    for (size_t i = 0; i < STEP_KINDS; i++)
        assert_true(kinds[i] > 20 || kind->shares[i] < 3);
}

UNIT_TEST(test_steps)
{
    for (size_t i = 0; walk_kind_at(i) != NULL; i++)
        steps_of(walk_kind_at(i));
}

/* A judgement that is broken on purpose, so that what becomes of a failure is seen: to be in
 * CLOSE-WAIT is held to be impossible. */
UNIT_TEST(test_shortening)
{
    static struct walkers_found found;
    struct walkers_order order = {.seed = 3,
                                  .count = WALKERS_BATCH_MAX,
                                  .steps = STEPS,
                                  .impossible = STATE_SET(STATE_CLOSE_WAIT)};
    walkers_walk(&order, &found);
    assert_string_equal(found.trouble, "");
    assert_true(found.failure_count > 0);
    order.first = found.failures[0].walk;
    order.count = 1;
    assert_true(shorten(&order, &found));
    assert_non_null(strstr(found.failures[0].why, "CLOSE-WAIT"));
    assert_non_null(strstr(found.rows, "FIN"));
    printf("# %zu steps are left\n", shorten_left(&order));
    assert_in_range(shorten_left(&order), 1, 6); /* a SYN, an ACK, a FIN */
    struct fault fault = {{0}};
    if (!shorten_is_figure(found.rows, &fault))
        fail_msg("%s in\n%s", fault.text, found.rows);
}

/* --- The bench --- */

static void tell_misled(const struct walk_tally *t)
{
    if (t->misled_steps > 0)
        printf(
            "# %zu steps after somebody had spoken for the peer are not judged; its state was in "
            "the set after %.1f %% of them\n",
            (size_t)t->misled_steps, percent(t->misled_held, t->misled_steps));
}

static int bench(const struct walkers_order *order)
{
    static struct walkers_found found;
    walkers_walk_all(order, JOBS_A_CPU * (size_t)sysconf(_SC_NPROCESSORS_ONLN), &found, progress);
    printf("# %s: %s; seed %" PRIu64 "\n", walk_kind_at(order->kind)->name,
           walk_kind_at(order->kind)->what, order->seed);
    tell_all(&found);
    tell_misled(&found.tally);
    write_failures(&found, order);
    bool sound = found.failure_count == 0 && found.tally.walks == order->count;
    printf("soundness %s %zu/%zu walks, %s %.1f %% of %zu steps\n", walk_kind_at(order->kind)->name,
           (size_t)found.tally.walks - found.failure_count, order->count,
           order->asks ? "named" : "precision", precision(&found.tally), (size_t)found.tally.steps);
    bool plain = order->kind == 0;
    return sound && (!plain ||
                     precision(&found.tally) >= (order->asks ? LEAST_NAMED : LEAST_PRECISION))
               ? 0
               : 1;
}

static int show(struct walkers_order order, size_t walk)
{
    static struct walkers_found found;
    order.first = walk;
    order.count = 1;
    order.written = true;
    walkers_walk(&order, &found);
    printf("%s", found.rows);
    tell_failures(&found);
    return found.failure_count == 0 ? 0 : 1;
}

static int usage(void)
{
    fprintf(stderr, "usage: test-soundness [[--ask] [--kind NAME] WALKS [SEED [NUMBER]]]\n");
    for (size_t i = 0; walk_kind_at(i) != NULL; i++)
        fprintf(stderr, "  %-9s %s\n", walk_kind_at(i)->name, walk_kind_at(i)->what);
    return 2;
}

int main(int argc, char **argv)
{
    struct walkers_order order = {.steps = STEPS,
                                  .seed = chosen_seed((uint64_t)time(NULL) % 1000000)};
    uint64_t walks, number;
    if (argc == 1)
        return unit_run();
    for (; argc > 1 && argv[1][0] == '-'; argc--, argv++) {
        if (strcmp(argv[1], "--ask") == 0) {
            order.asks = true;
        } else if (strcmp(argv[1], "--kind") == 0 && argc > 2) {
            order.kind = walk_kind_find(argv[2]);
            argc--;
            argv++;
        } else {
            return usage();
        }
    }
    if (walk_kind_at(order.kind) == NULL || argc < 2 || argc > 4 ||
        !text_to_number(argv[1], 1, WALKS_MOST, &walks) ||
        (argc > 2 && !text_to_number(argv[2], 0, UINT64_MAX, &order.seed)) ||
        (argc > 3 && !text_to_number(argv[3], 0, walks - 1, &number)))
        return usage();
    order.count = walks;
    return argc > 3 ? show(order, number) : bench(&order);
}
