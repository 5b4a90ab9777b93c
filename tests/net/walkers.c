/* See walkers.h. */
#include "walkers.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/live.h"
#include "talk/sessions.h"
#include "lab/lab_upper.h"
#include "lab/truth_check.h"
#include "walk_rows.h"

enum {
    JOBS_MAX = 64,
    BATCH_SECONDS = 300,
    ASKING_SECONDS = 1200
};

/* Longer than an answer takes, and longer than the inference holds a segment to be under way. */
#define QUIET (43 * CLOCK_MS)
/* The ways of the lab are short, its wire's delays too: what we have sent has arrived or is lost
 * before a step is judged. */
#define WAY (40 * CLOCK_MS)

struct batch {
    const struct walkers_order *order;
    struct walkers_found *found;
    const struct walk_kind *kind;
    struct others others;
    struct walk walks[WALKERS_BATCH_MAX];
    void *states[WALKERS_BATCH_MAX];
    struct text rows;
    struct sessions run;
    struct timeline timeline;
    struct truth_check witness;
    struct talks_observer witnessed;
};

static void trouble(struct batch *b, const struct fault *fault)
{
    (void)snprintf(b->found->trouble, sizeof(b->found->trouble), "%.255s", fault->text);
}

static void found_failure(struct batch *b, const struct walk *w, const char *why)
{
    struct walkers_found *f = b->found;
    if (f->failure_count < WALKERS_FAILURES_MAX) {
        struct walkers_failure *to = &f->failures[f->failure_count];
        *to = (struct walkers_failure){
            .walk = w->number, .step = w->failed_step, .v6 = walkers_conditions(w->number).v6};
        (void)snprintf(to->why, sizeof(to->why), "%s", why);
        if (b->rows.data != NULL)
            (void)snprintf(to->rows, sizeof(to->rows), "%s", b->rows.data);
    }
    f->failure_count++;
}

/* --- What looks on after each segment --- */

static void look(void *arg, struct talk *x)
{
    struct batch *b = arg;
    b->witnessed.look(b->witnessed.arg, x);
}

static int64_t wants_until(void *arg)
{
    const struct batch *b = arg;
    return b->witnessed.wants_until(b->witnessed.arg);
}

static void report(void *arg, struct talk *x, struct result *r)
{
    struct batch *b = arg;
    const struct walk *w = x->state;
    b->witnessed.report(b->witnessed.arg, x, r);
    b->found->ahead += b->witness.ahead;
    if (w->failed)
        found_failure(b, w, w->why);
    else if (b->witness.outside > 0 && !w->misled)
        found_failure(b, w, "after a segment the peer's kernel was in a state outside the set");
    else if (!x->kernel_quiet || x->capture_dropped > 0)
        found_failure(b, w, "our kernel was not quiet, or the capture has lost packets");
    if (b->order->written && b->rows.data != NULL)
        (void)snprintf(b->found->rows, sizeof(b->found->rows), "%s", b->rows.data);
    text_clear(&b->rows);
}

/* --- The child --- */

static void prepare(struct batch *b, struct lab *lab)
{
    const struct walkers_order *o = b->order;
    const struct walkers_conditions under = walkers_conditions(o->first);
    for (size_t i = 0; i < o->count; i++) {
        b->walks[i] = (struct walk){.lab = lab,
                                    .tally = &b->found->tally,
                                    .kind = b->kind,
                                    .others = &b->others,
                                    .seed = o->seed,
                                    .number = o->first + i,
                                    .steps = o->steps,
                                    .skipped = o->skipped,
                                    .impossible = o->impossible,
                                    .wired = under.wired,
                                    .asks = o->asks,
                                    .limited = under.limited,
                                    .quiet_ns = QUIET,
                                    .rows = &b->rows};
        b->states[i] = &b->walks[i];
    }
}

static enum status walk_live(struct batch *b, struct lab *lab, struct fault *fault)
{
    const struct walkers_order *o = b->order;
    const struct walkers_conditions under = walkers_conditions(o->first);
    const uint64_t place[] = {o->seed, o->first};
    const struct hash_key whole = hash_key_of_seed(o->seed);
    const struct hash_key key = hash_key_of_seed(hash_bytes(&whole, place, sizeof(place)));
    const struct path_config path_config = {
        .remote = *lab_at(lab, END_B), .ports = o->count, .key = key};
    const struct live_run_config live = {.within_ns = CLOCK_NEVER};
    struct path path;
    enum status s = path_open(&path, &path_config, fault);
    truth_check_init(&b->witness, lab, false);
    b->witnessed = truth_check_observer(&b->witness);
    const struct talks_observer observer = {look, wants_until, report, b};
    const struct lab_upper peer = {lab, END_B};
    const struct upper upper = lab_upper_ops(&peer);
    const struct syn_like *like = syn_like_at(0);
    const struct sessions_config config = {
        .script = walk_script(),
        .base = {.remote = path_config.remote,
                 .upper = {NULL, &upper},
                 .like = like,
                 .mss = 1400,
                 .win = b->kind->narrow && under.narrow ? WALK_KIND_SMALL_WIN : like->win,
                 .ttl = like->ttl,
                 .timestamps = !under.unstamped,
                 .tries = 1,
                 .way_ns = b->kind->late ? 0 : WAY},
        .locals = path.locals,
        .sessions = o->count,
        .states = b->states,
        .key = key,
        .repeatable = true,
        .deadline_after_ns = CLOCK_NEVER,
        .observer = &observer,
    };
    static const struct run_info info = {
        .command = "walk", .target = "", .interface = "", .clock = "", .version = "", .argv = ""};
    timeline_init(&b->timeline);
    if (s == STATUS_OK)
        s = timeline_open(&b->timeline, &info, fault);
    if (s == STATUS_OK)
        s = sessions_init(&b->run, &config, &b->timeline, fault);
    if (s == STATUS_OK)
        s = live_run(&path, &live, &b->run.talks, fault);
    sessions_done(&b->run);
    path_close(&path);
    return s;
}

/* A walk goes fast. Linux answers what is out of order once in 500 ms, and with no more than that
 * most of a walk would be silence. */
#define UNLIMITED "net.ipv4.tcp_invalid_ratelimit=0"

/* What the wire does, as options of `tcpshake lab` without the dashes. */
static const struct {
    const char *option, *argument;
} wire_does[] = {{"loss", "2%"}, {"dup", "3%"}, {"delay", "1ms+-800us"}};

struct walkers_conditions walkers_conditions(size_t walk)
{
    size_t batch = walk / WALKERS_BATCH_MAX, pair = batch / 2;
    return (struct walkers_conditions){.v6 = batch % 2 != 0,
                                       .wired = pair % 2 != 0,
                                       .limited = pair % 16 == 4 || pair % 16 == 11,
                                       .unstamped = pair % 16 == 2 || pair % 16 == 13,
                                       .narrow = pair / 2 % 2 != 0};
}

static void put_option(char out[WALKERS_OPTIONS_MAX], const char *name, const char *argument)
{
    size_t n = strlen(out);
    const char *quote = strchr(argument, ' ') != NULL ? "'" : "";
    (void)snprintf(out + n, WALKERS_OPTIONS_MAX - n, "%s%s%s%s%s ", name, argument[0] ? " " : "",
                   quote, argument, quote);
}

char *walkers_options(const struct walk_kind *kind, size_t walk, char out[WALKERS_OPTIONS_MAX])
{
    const struct walkers_conditions under = walkers_conditions(walk);
    out[0] = '\0';
    if (under.v6)
        put_option(out, "-6", "");
    if (!under.limited)
        put_option(out, "--sysctl", UNLIMITED);
    for (size_t i = 0; kind->sysctls[i] != NULL; i++)
        put_option(out, "--sysctl", kind->sysctls[i]);
    if (strcmp(kind->app, "cue") != 0)
        put_option(out, "--app", kind->app);
    if (kind->backlog != 0)
        put_option(out, "--backlog 1", "");
    for (size_t i = 0; under.wired && i < sizeof(wire_does) / sizeof(wire_does[0]); i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "--%s", wire_does[i].option);
        put_option(out, name, wire_does[i].argument);
    }
    return out;
}

static enum status lay_wire(struct netem_config *wire, const struct walkers_order *order,
                            struct fault *fault)
{
    *wire = (struct netem_config){.seed = order->seed + order->first};
    for (size_t i = 0; i < sizeof(wire_does) / sizeof(wire_does[0]); i++) {
        const struct netem_option *o;
        for (size_t k = 0; (o = netem_rule_option(k)) != NULL; k++) {
            if (strcmp(o->name, wire_does[i].option) != 0)
                continue;
            enum status s = netem_rule_add(&wire->rules, o, wire_does[i].argument, fault);
            if (s != STATUS_OK)
                return s;
        }
    }
    return STATUS_OK;
}

static struct lab *open_lab(const struct walkers_order *order, const struct walk_kind *kind,
                            struct fault *fault)
{
    const char *sysctls[WALK_KIND_SYSCTLS + 1];
    size_t n = 0;
    const struct walkers_conditions under = walkers_conditions(order->first);
    struct netem_config wire;
    if (lay_wire(&wire, order, fault) != STATUS_OK)
        return NULL;
    while (kind->sysctls[n] != NULL) {
        sysctls[n] = kind->sysctls[n];
        n++;
    }
    if (!under.limited)
        sysctls[n++] = UNLIMITED;
    const struct lab_options options = {.app = kind->app,
                                        .v6 = under.v6,
                                        .sysctls = sysctls,
                                        .sysctl_count = n,
                                        .backlog = kind->backlog,
                                        .wire = under.wired ? &wire : NULL};
    return lab_open(&options, fault);
}

static void work(const struct walkers_order *order, struct walkers_found *found)
{
    struct fault fault = {{0}};
    struct batch *b = calloc(1, sizeof(*b));
    if (b == NULL)
        _exit(1);
    b->order = order;
    b->found = found;
    b->kind = walk_kind_at(order->kind);
    b->others.fd = -1;
    text_init(&b->rows);
    struct lab *lab = open_lab(order, b->kind, &fault);
    if (lab == NULL ||
        (b->kind->others_count > 0 && others_start(&b->others, lab, &fault) != STATUS_OK)) {
        trouble(b, &fault);
        _exit(1);
    }
    prepare(b, lab);
    if (walk_live(b, lab, &fault) != STATUS_OK)
        trouble(b, &fault);
    lab_close(lab);
    _exit(0);
}

/* --- The parent --- */

struct job {
    pid_t pid; /* 0: none */
    struct walkers_order order;
    struct walkers_found *found; /* shared with the child */
};

static void start(struct job *j, const struct walkers_order *order)
{
    memset(j->found, 0, sizeof(*j->found));
    j->order = *order;
    (void)fflush(NULL);
    j->pid = fork();
    if (j->pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)alarm(order->asks ? ASKING_SECONDS : BATCH_SECONDS);
        work(&j->order, j->found);
    }
}

static void ended(struct job *j, int status)
{
    struct walkers_found *f = j->found;
    bool whole = f->tally.walks == j->order.count && status == 0;
    if (!whole && f->trouble[0] == '\0')
        (void)snprintf(f->trouble, sizeof(f->trouble),
                       "walks %zu to %zu broke off after %zu, wait status %d", j->order.first,
                       j->order.first + j->order.count - 1, (size_t)f->tally.walks, status);
    j->pid = 0;
}

static struct walkers_found *shared(void)
{
    void *at = mmap(NULL, sizeof(struct walkers_found), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return at == MAP_FAILED ? NULL : at;
}

void walkers_walk(const struct walkers_order *order, struct walkers_found *found)
{
    struct job j = {.found = shared()};
    int status = 1;
    memset(found, 0, sizeof(*found));
    if (j.found == NULL) {
        (void)snprintf(found->trouble, sizeof(found->trouble), "out of memory");
        return;
    }
    start(&j, order);
    while (waitpid(j.pid, &status, 0) < 0 && errno == EINTR)
        ;
    ended(&j, status);
    *found = *j.found;
    (void)munmap(j.found, sizeof(*j.found));
}

static void add(struct walkers_found *to, const struct walkers_found *f)
{
    to->tally.walks += f->tally.walks;
    to->tally.steps += f->tally.steps;
    to->tally.precise += f->tally.precise;
    to->tally.wired_steps += f->tally.wired_steps;
    to->tally.wired_precise += f->tally.wired_precise;
    to->tally.misled_steps += f->tally.misled_steps;
    to->tally.misled_held += f->tally.misled_held;
    to->ahead += f->ahead;
    for (size_t i = 0; i < WALK_SETS; i++)
        to->tally.wide[i] += f->tally.wide[i];
    to->tally.questions += f->tally.questions;
    for (size_t i = 0; i < STIMULI_COUNT; i++)
        to->tally.by_question[i] += f->tally.by_question[i];
    for (size_t i = 0; i < STATE_COUNT; i++)
        to->tally.by_truth[i] += f->tally.by_truth[i];
    for (size_t i = 0; i < f->failure_count && i < WALKERS_FAILURES_MAX; i++) {
        if (to->failure_count + i < WALKERS_FAILURES_MAX)
            to->failures[to->failure_count + i] = f->failures[i];
    }
    to->failure_count += f->failure_count;
    if (f->trouble[0] != '\0' && to->trouble[0] == '\0')
        memcpy(to->trouble, f->trouble, sizeof(to->trouble));
}

static struct job *job_of(struct job *jobs, size_t n, pid_t pid)
{
    size_t i = 0;
    while (i < n && jobs[i].pid != pid)
        i++;
    return i < n ? &jobs[i] : NULL;
}

/* Waits for one of them. */
static void collect(struct job *jobs, size_t n, struct walkers_found *found)
{
    int status;
    pid_t pid = waitpid(-1, &status, 0);
    struct job *j = pid > 0 ? job_of(jobs, n, pid) : NULL;
    if (j == NULL)
        return;
    ended(j, status);
    add(found, j->found);
}

void walkers_walk_all(const struct walkers_order *order, size_t jobs, struct walkers_found *found,
                      void (*told)(const struct walkers_found *))
{
    static struct job all[JOBS_MAX];
    size_t n = jobs < JOBS_MAX ? jobs : JOBS_MAX, running = 0;
    memset(found, 0, sizeof(*found));
    for (size_t i = 0; i < n; i++)
        all[i].found = shared();
    for (size_t first = 0; first < order->count || running > 0;) {
        struct job *idle = first < order->count ? job_of(all, n, 0) : NULL;
        if (idle == NULL || idle->found == NULL) {
            if (running == 0)
                break; /* no memory */
            collect(all, n, found);
            running--;
            if (told != NULL)
                told(found);
            continue;
        }
        size_t left = order->count - first;
        struct walkers_order part = *order;
        part.first = first;
        part.count = left < WALKERS_BATCH_MAX ? left : WALKERS_BATCH_MAX;
        start(idle, &part);
        first += part.count;
        running++;
    }
    for (size_t i = 0; i < n; i++)
        (void)munmap(all[i].found, sizeof(struct walkers_found));
}
