/* See driver.h. Whatever wakes it, the taps are read first: what waits in them came before now, and
 * a deadline must not overtake it. */
#include "net/driver.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/loop.h"
#include "net/privilege.h"
#include "net/quiet.h"
#include "net/stamps.h"
#include "talk/numbers.h"

enum {
    PORT_TRIES = 64,
    /* Packets of one tap handed on between two looks at the timers, so that a flood cannot hold up
     * the end. */
    BURST = 256,
    EAGER_BURST = 1024,
    TURNS = DRIVER_TAPS_MAX + 1,
    REMARKS_MAX = 32, /* that wait; there may be more where they come from */
};

/* A packet that has come and waits for those of the other tap. */
struct waiting {
    enum end tap;
    int64_t t_ns;
    size_t n;
    uint8_t *octets;
};

struct driver {
    struct driver_config config;
    int *quiet; /* descriptors */
    size_t quiet_count;
    struct loop *loop; /* NULL: not running yet */
    struct driver_remark remarks[REMARKS_MAX];
    size_t first_remark, remark_count;
    struct waiting waiting[TURNS * BURST];
    size_t waiting_count;
    struct stamps stamps;
    int64_t look_at, progress_at, ends_at;
    bool stopped;       /* the client leaves that to us */
    enum status status; /* the first failure of the run */
    struct fault fault;
};

struct delivery {
    struct driver *d;
    enum end tap;
};

struct driver *driver_new(struct fault *fault)
{
    return fault_alloc(sizeof(struct driver), fault);
}

void driver_free(struct driver *d)
{
    if (d == NULL)
        return;
    loop_free(d->loop);
    for (size_t i = 0; i < d->quiet_count; i++)
        (void)close(d->quiet[i]);
    free(d->quiet);
    free(d);
}

/* --- Quiet ports --- */

/* The port on each of our addresses, or on none. */
static enum status keep_quiet(struct driver *d, const struct driver_port *p, uint16_t port,
                              struct fault *fault)
{
    size_t before = d->quiet_count;
    int *more = realloc(d->quiet, (before + 2) * sizeof(*more));
    if (more == NULL)
        return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    d->quiet = more;
    for (int i = 0; i < 2; i++) {
        if (p->source[i] == NULL)
            continue;
        const struct endpoint local = {*p->source[i], port};
        enum status s = quiet_open(&local, p->scope_id, &d->quiet[d->quiet_count], fault);
        if (s != STATUS_OK) {
            while (d->quiet_count > before)
                (void)close(d->quiet[--d->quiet_count]);
            return s;
        }
        d->quiet_count++;
    }
    return STATUS_OK;
}

enum status driver_reserve(struct driver *d, const struct driver_port *p, uint16_t *port,
                           struct fault *fault)
{
    enum status s = STATUS_NOT_OURS;
    *port = p->fixed;
    if (p->fixed != 0)
        return keep_quiet(d, p, p->fixed, fault);
    for (uint32_t try = 0; s == STATUS_NOT_OURS && try < PORT_TRIES; try++) {
        *port = numbers_port(p->key, p->remote, p->number, try);
        s = keep_quiet(d, p, *port, fault);
    }
    return s;
}

/* --- Packets --- */

static void keep_failure(struct driver *d, enum status s, const struct fault *fault)
{
    if (s != STATUS_OK && d->status == STATUS_OK) {
        d->status = s;
        d->fault = *fault;
    }
}

/* As far as there is room; the rest stays where it is. */
static void fetch_remarks(struct driver *d)
{
    const struct driver_remarks *from = d->config.remarks;
    while (from != NULL && d->remark_count < REMARKS_MAX &&
           from->next(from->arg, &d->remarks[(d->first_remark + d->remark_count) % REMARKS_MAX]))
        d->remark_count++;
}

static void tell_remarks(struct driver *d, int64_t before_ns)
{
    for (; d->remark_count > 0 && d->remarks[d->first_remark].t_ns < before_ns; d->remark_count--) {
        const struct driver_remark *r = &d->remarks[d->first_remark];
        d->config.ops->remark(d->config.arg, r->text, r->t_ns);
        d->first_remark = (d->first_remark + 1) % REMARKS_MAX;
    }
}

static void hand_on(struct driver *d, enum end tap, const uint8_t *octets, size_t n, int64_t t_ns)
{
    struct fault fault = {""};
    /* A near peer has answered before the tap is through: its packets are among those that are
     * being handed over, and what is to be said of them came in meanwhile. */
    fetch_remarks(d);
    tell_remarks(d, t_ns);
    if (d->status == STATUS_OK)
        keep_failure(d, d->config.ops->packet(d->config.arg, tap, octets, n, t_ns, &fault), &fault);
}

static int64_t correct(struct driver *d, int64_t t_ns)
{
    int64_t now = loop_now(d->loop), step;
    int64_t at = stamps_correct(&d->stamps, t_ns, now, loop_clock(CLOCK_REALTIME), &step);
    if (step != 0 && d->config.ops->stepped != NULL)
        d->config.ops->stepped(d->config.arg, step, now);
    return at;
}

static void take(void *arg, const uint8_t *octets, size_t n, int64_t t_ns)
{
    const struct delivery *from = arg;
    hand_on(from->d, from->tap, octets, n, correct(from->d, t_ns));
}

static void keep(void *arg, const uint8_t *octets, size_t n, int64_t t_ns)
{
    const struct delivery *from = arg;
    struct driver *d = from->d;
    struct fault fault = {""};
    uint8_t *copy = malloc(n);
    if (copy == NULL) {
        keep_failure(d, fault_set(&fault, STATUS_NO_MEMORY, "out of memory"), &fault);
        return;
    }
    memcpy(copy, octets, n);
    t_ns = correct(d, t_ns);
    size_t i = d->waiting_count++;
    for (; i > 0 && d->waiting[i - 1].t_ns > t_ns; i--)
        d->waiting[i] = d->waiting[i - 1];
    d->waiting[i] = (struct waiting){from->tap, t_ns, n, copy};
}

static void hand_on_what_was_kept(struct driver *d)
{
    for (size_t i = 0; i < d->waiting_count; i++) {
        const struct waiting *w = &d->waiting[i];
        hand_on(d, w->tap, w->octets, w->n, w->t_ns);
        free(w->octets);
    }
    d->waiting_count = 0;
}

/* Whether anything came. */
static bool read_tap(struct driver *d, const struct driver_tap *tap)
{
    const struct driver_ops *ops = d->config.ops;
    struct delivery to = {d, tap->end};
    struct fault fault = {""};
    int n = ops->by_stamp ? capture_dispatch(tap->capture, BURST, keep, &to, &fault)
                          : capture_dispatch(tap->capture, ops->eager ? EAGER_BURST : BURST, take,
                                             &to, &fault);
    if (n < 0)
        keep_failure(d, STATUS_SYSTEM, &fault);
    return n > 0;
}

static bool read_taps(struct driver *d)
{
    const struct driver_tap *taps = d->config.taps;
    const struct driver_remarks *remarks = d->config.remarks;
    struct fault fault = {""};
    bool came = false;
    fetch_remarks(d);
    for (size_t i = 0; i < DRIVER_TAPS_MAX && taps[i].capture != NULL; i++)
        came = read_tap(d, &taps[i]) || came;
    if (d->config.ops->by_stamp) {
        /* What came in at A while B was read is older than what B may still bring. */
        came = read_tap(d, &taps[0]) || came;
        hand_on_what_was_kept(d);
    }
    tell_remarks(d, CLOCK_NEVER);
    if (remarks != NULL)
        keep_failure(d, remarks->state(remarks->arg, &fault), &fault);
    return came;
}

/* --- The loop --- */

/* What the kernel could not give us. */
static void look_for_losses(struct driver *d, int64_t now_ns)
{
    const struct driver_ops *ops = d->config.ops;
    const struct driver_tap *taps = d->config.taps;
    uint64_t total = 0;
    if (ops->lost == NULL || now_ns < d->look_at)
        return;
    d->look_at = now_ns + ops->look_ns;
    for (size_t i = 0; i < DRIVER_TAPS_MAX && taps[i].capture != NULL; i++)
        total += taps[i].beside ? 0 : capture_dropped(taps[i].capture);
    ops->lost(d->config.arg, total, now_ns);
}

static bool is_over(const struct driver *d)
{
    const struct driver_ops *ops = d->config.ops;
    return d->stopped || (ops->over != NULL && ops->over(d->config.arg));
}

/* When the loop is to wake up next, or that it need not any more. */
static void plan(struct driver *d)
{
    const struct driver_ops *ops = d->config.ops;
    if (d->status != STATUS_OK || is_over(d)) {
        loop_stop(d->loop);
        return;
    }
    int64_t now = loop_now(d->loop);
    int64_t at = ops->deadline(d->config.arg, now);
    if (d->progress_at < at)
        at = d->progress_at;
    if (d->ends_at < at)
        at = d->ends_at;
    bool wait = ops->can_wait != NULL && ops->can_wait(d->config.arg, at - now);
    loop_watch(d->loop, !wait);
    if (wait && now + DRIVER_LOOK_EVERY < at)
        at = now + DRIVER_LOOK_EVERY;
    loop_set_deadline(d->loop, at);
}

static void tick(struct driver *d, int64_t now_ns)
{
    struct fault fault = {""};
    if (d->status == STATUS_OK)
        keep_failure(d, d->config.ops->tick(d->config.arg, now_ns, &fault), &fault);
}

static void stop(struct driver *d, int64_t now_ns)
{
    const struct driver_ops *ops = d->config.ops;
    struct fault fault = {""};
    d->stopped = ops->stop == NULL;
    if (!d->stopped && d->status == STATUS_OK)
        keep_failure(d, ops->stop(d->config.arg, now_ns, &fault), &fault);
}

static void tell_progress(struct driver *d, int64_t now_ns, bool asked)
{
    char line[DRIVER_LINE_MAX] = "";
    if (d->config.ops->progress == NULL)
        return;
    d->config.ops->progress(d->config.arg, now_ns, asked, line, sizeof(line));
    if (line[0] != '\0')
        (asked ? d->config.teller.asked : d->config.teller.told)(d->config.teller.arg, line);
}

/* A peer on this machine has answered by the time that a packet is sent: who is eager looks at once
 * and saves being woken for it. */
static void work(struct driver *d, int64_t now_ns, bool woken)
{
    bool eager = d->config.ops->eager;
    look_for_losses(d, now_ns);
    (void)read_taps(d);
    if (now_ns >= d->ends_at) {
        d->ends_at = CLOCK_NEVER;
        stop(d, now_ns);
    }
    if (eager || woken)
        tick(d, eager ? loop_now(d->loop) : now_ns);
    if (eager && read_taps(d))
        tick(d, loop_now(d->loop));
    if (now_ns >= d->progress_at) {
        d->progress_at = now_ns + d->config.progress_ns;
        tell_progress(d, now_ns, false);
    }
    plan(d);
}

static void readable(void *arg)
{
    struct driver *d = arg;
    work(d, loop_now(d->loop), false);
}

static void readable_beside(void *arg)
{
    struct driver *d = arg;
    d->config.ops->readable(d->config.arg);
    readable(d);
}

static void wake(void *arg, int64_t now_ns)
{
    work(arg, now_ns, true);
}

static void signalled(void *arg, enum loop_signal s)
{
    struct driver *d = arg;
    int64_t now = loop_now(d->loop);
    if (s == LOOP_REPORT)
        tell_progress(d, now, true);
    else
        stop(d, now);
    plan(d);
}

static enum status open_loop(struct driver *d, struct fault *fault)
{
    const struct driver_config *c = &d->config;
    const struct loop_handlers handlers = {
        .arg = d, .readable = readable, .wake = wake, .signal = signalled};
    d->loop = loop_new(capture_fd(c->taps[0].capture), &handlers, fault);
    enum status s = d->loop != NULL ? STATUS_OK : STATUS_SYSTEM;
    for (size_t i = 1; s == STATUS_OK && i < DRIVER_TAPS_MAX && c->taps[i].capture != NULL; i++) {
        if (!c->taps[i].beside)
            s = loop_join(d->loop, capture_fd(c->taps[i].capture), readable, d, fault);
    }
    if (s == STATUS_OK && c->remarks != NULL)
        s = loop_join(d->loop, c->remarks->fd, readable, d, fault);
    if (s == STATUS_OK && c->ops->readable != NULL)
        s = loop_join(d->loop, c->fd, readable_beside, d, fault);
    return s;
}

/* From here on what the taps show cannot be made more. */
static enum status lock_taps(const struct driver *d, struct fault *fault)
{
    const struct driver_tap *taps = d->config.taps;
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < DRIVER_TAPS_MAX && taps[i].capture != NULL; i++)
        s = capture_lock(taps[i].capture, fault);
    return s;
}

int64_t driver_now(const struct driver *d)
{
    return d->loop != NULL ? loop_now(d->loop) : loop_clock(CLOCK_REALTIME);
}

enum status driver_run(struct driver *d, const struct driver_config *config, struct fault *fault)
{
    d->config = *config;
    enum status s = open_loop(d, fault);
    if (s == STATUS_OK)
        s = lock_taps(d, fault);
    if (s == STATUS_OK)
        s = privilege_drop(PRIVILEGE_OF_RUN, fault);
    if (s != STATUS_OK)
        return s;
    int64_t now = loop_now(d->loop);
    stamps_init(&d->stamps, now);
    d->progress_at = config->progress_ns != 0 ? now + config->progress_ns : CLOCK_NEVER;
    d->ends_at = config->within_ns != CLOCK_NEVER ? now + config->within_ns : CLOCK_NEVER;
    if (config->ops->start != NULL)
        s = config->ops->start(config->arg, now, fault);
    if (s != STATUS_OK || is_over(d)) /* there was nothing to wait for */
        return s;
    plan(d);
    s = loop_run(d->loop, fault);
    if (s == STATUS_OK && d->status != STATUS_OK) {
        *fault = d->fault;
        s = d->status;
    }
    if (s != STATUS_OK && config->ops->failed != NULL)
        config->ops->failed(config->arg, fault->text, loop_now(d->loop));
    return s;
}
