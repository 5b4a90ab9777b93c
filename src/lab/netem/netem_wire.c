/* The wire's process, and our end of it: see netem_wire.h. The process is a client of the driver:
 * frames in at one side, out at the other, and what the rules make of them between. */
#include "lab/netem/netem_wire.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "lab/child.h"
#include "lab/namespace.h"
#include "net/relay.h"

/* How often it is looked whether the tap has lost frames, while frames come. */
#define LOOK_EVERY (100 * CLOCK_MS)

/* What the child is given. */
struct task {
    const struct netem_config *config;
    const char *ifname_a, *ifname_b;
    int namespace_fd;
    int told; /* gets a struct netem_report for what befalls, as long as it takes them */
};

struct carrier {
    struct relay *relay;
    struct driver *driver;
    struct netem_plan plan;
    struct netem_queue queue;
    int told, ready; /* ready -1: it has been said */
    int64_t look_at; /* CLOCK_NEVER: nothing has come since */
    uint64_t missed;
};

/* --- Frames --- */

/* A slow reader loses reports. */
static void tell(const struct carrier *f, const struct netem_report *r)
{
    size_t n = r->event == NETEM_EVENT_BROKE ? sizeof(*r) : offsetof(struct netem_report, text);
    (void)send(f->told, r, n, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static struct netem_report about(enum end way, const struct netem_look *look, int64_t t_ns)
{
    return (struct netem_report){
        .way = way, .t_ns = t_ns, .segment = look->segment, .flags = look->flags, .len = look->len};
}

static void send_on(const struct carrier *f, enum end way, const uint8_t *frame, size_t n)
{
    struct netem_look look;
    if (relay_send(f->relay, end_other(way), frame, n, NULL) == STATUS_OK)
        return;
    netem_look(&look, frame, n);
    struct netem_report r = about(way, &look, driver_now(f->driver));
    r.event = NETEM_EVENT_REFUSED;
    tell(f, &r);
}

static void send_what_is_due(struct carrier *f, int64_t now_ns)
{
    for (struct netem_packet *p; (p = netem_queue_take(&f->queue, now_ns)) != NULL; free(p))
        send_on(f, p->way, p->frame, p->n);
}

static void tell_causes(const struct carrier *f, enum end way, const struct netem_look *look,
                        const struct netem_verdict *verdict, int64_t t_ns)
{
    struct netem_report r = about(way, look, t_ns);
    for (uint32_t i = 0; i < f->plan.rules.count; i++) {
        enum netem_action action = f->plan.rules.rule[i].action;
        bool loses = action == NETEM_LOSS || action == NETEM_DROP;
        if ((verdict->caused & UINT32_C(1) << i) == 0 || verdict->lost != loses)
            continue; /* what else befalls a packet that is lost is nothing to tell */
        r.rule = i;
        tell(f, &r);
        if (loses)
            return;
    }
}

static void keep(struct carrier *f, enum end way, const struct netem_look *look,
                 const uint8_t *frame, size_t n, int64_t due_ns, bool late)
{
    if (netem_queue_put(&f->queue, way, frame, n, due_ns, late) != NULL)
        return;
    struct netem_report r = about(way, look, driver_now(f->driver));
    r.event = NETEM_EVENT_FULL;
    tell(f, &r);
}

/* What is due at once does not wait, and no copy of it is made. */
static void carry_out(struct carrier *f, enum end way, const struct netem_look *look,
                      const struct netem_verdict *verdict, const uint8_t *frame, size_t n,
                      int64_t t_ns)
{
    bool in_place = !verdict->held && !verdict->late;
    for (unsigned copy = 0; copy < verdict->copies; copy++) {
        int64_t due = verdict->due_ns + copy;
        if (in_place && due <= t_ns)
            send_on(f, way, frame, n);
        else
            keep(f, way, look, frame, n, due, verdict->late);
    }
    if (in_place && look->packet)
        netem_queue_passes(&f->queue, way, verdict->due_ns + verdict->copies - 1);
}

/* The frame's stamp is the system clock's, which may be set while we run; ours does not step. */
static int64_t came_at(const struct carrier *f, int64_t t_ns)
{
    int64_t now = driver_now(f->driver);
    return t_ns <= now && now - t_ns < CLOCK_S ? t_ns : now;
}

static enum status take(void *arg, enum end way, const uint8_t *frame, size_t n, int64_t t_ns,
                        struct fault *fault)
{
    struct carrier *f = arg;
    struct netem_look look;
    struct netem_verdict verdict;
    uint8_t changed[RELAY_FRAME_MAX];
    (void)fault;
    if (f->look_at == CLOCK_NEVER)
        f->look_at = driver_now(f->driver) + LOOK_EVERY;
    if (f->plan.rules.count == 0) {
        send_on(f, way, frame, n);
        return STATUS_OK;
    }
    int64_t at = came_at(f, t_ns);
    send_what_is_due(f, at);
    netem_look(&look, frame, n);
    netem_plan_judge(&f->plan, way, &look, at, &verdict);
    if (verdict.caused != 0)
        tell_causes(f, way, &look, &verdict, t_ns);
    if (verdict.lost)
        return STATUS_OK;
    if (verdict.corrupted) {
        memcpy(changed, frame, n);
        (void)netem_look_corrupt(&look, changed, verdict.dice);
        frame = changed;
    }
    carry_out(f, way, &look, &verdict, frame, n, at);
    return STATUS_OK;
}

static void look_for_missed(void *arg, uint64_t total, int64_t now_ns)
{
    struct carrier *f = arg;
    const struct netem_report r = {.event = NETEM_EVENT_MISSED, .t_ns = now_ns, .count = total};
    f->look_at = CLOCK_NEVER;
    if (total == f->missed)
        return;
    f->missed = total;
    tell(f, &r);
}

/* --- The rest of the driver's calls --- */

static enum status start(void *arg, int64_t now_ns, struct fault *fault)
{
    struct carrier *f = arg;
    int ready = f->ready;
    (void)now_ns;
    f->ready = -1;
    return child_is_ready(ready) ? STATUS_OK
                                 : fault_set(fault, STATUS_SYSTEM, "nobody waits for the wire");
}

static enum status tick(void *arg, int64_t now_ns, struct fault *fault)
{
    (void)fault;
    send_what_is_due(arg, now_ns);
    return STATUS_OK;
}

static int64_t deadline(const void *arg, int64_t now_ns)
{
    const struct carrier *f = arg;
    int64_t due = netem_queue_due(&f->queue);
    (void)now_ns;
    return due < f->look_at ? due : f->look_at;
}

/* Until SIGTERM, or until an interface is gone, which is told. */
static enum status carry_on(struct carrier *f, struct fault *fault)
{
    static const struct driver_ops ops = {.start = start,
                                          .packet = take,
                                          .tick = tick,
                                          .deadline = deadline,
                                          .lost = look_for_missed,
                                          .look_ns = LOOK_EVERY};
    const struct driver_config to_drive = {
        .ops = &ops,
        .arg = f,
        .taps = {{.capture = relay_tap(f->relay, END_A), .end = END_A},
                 {.capture = relay_tap(f->relay, END_B), .end = END_B}},
        .within_ns = CLOCK_NEVER,
    };
    enum status s = driver_run(f->driver, &to_drive, fault);
    if (s != STATUS_OK) {
        struct netem_report r = {.event = NETEM_EVENT_BROKE, .t_ns = driver_now(f->driver)};
        memcpy(r.text, fault->text, sizeof(r.text));
        tell(f, &r);
    }
    return s;
}

static void serve(void *arg, int ready)
{
    const struct task *s = arg;
    struct carrier f = {.told = s->told, .look_at = CLOCK_NEVER};
    struct fault fault = {""};
    if (namespace_enter(s->namespace_fd, &fault) != STATUS_OK)
        child_failed(ready, &fault);
    child_shed((int *const[]){&ready, &f.told}, 2);
    (void)prctl(PR_SET_NAME, "tcpshake-wire", 0, 0, 0);
    f.ready = ready;
    netem_plan_init(&f.plan, &s->config->rules, s->config->seed);
    netem_queue_init(&f.queue);
    f.relay = relay_open(s->ifname_a, s->ifname_b, &fault);
    if (f.relay != NULL)
        f.driver = driver_new(&fault);
    enum status status = f.driver != NULL ? carry_on(&f, &fault) : STATUS_SYSTEM;
    if (f.ready >= 0)
        child_failed(f.ready, &fault);
    _exit(status == STATUS_OK ? 0 : 1);
}

/* --- Our end --- */

enum status netem_wire_start(struct netem_wire *w, const struct netem_config *config,
                             int namespace_fd, const char *ifname_a, const char *ifname_b,
                             struct fault *fault)
{
    int ends[2];
    *w = (struct netem_wire){.config = *config, .child = -1, .fd = -1};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
        return fault_set(fault, STATUS_SYSTEM, "socketpair: %s", strerror(errno));
    struct task start = {.config = &w->config,
                         .ifname_a = ifname_a,
                         .ifname_b = ifname_b,
                         .namespace_fd = namespace_fd,
                         .told = ends[1]};
    enum status s = child_start(serve, &start, "the lab's wire", &w->child, fault);
    (void)close(ends[1]);
    w->fd = ends[0];
    if (s != STATUS_OK)
        netem_wire_close(w);
    return s;
}

void netem_wire_close(struct netem_wire *w)
{
    if (w->fd >= 0)
        (void)close(w->fd);
    w->fd = -1;
    child_end(&w->child);
}

static bool shut_down(struct netem_wire *w, const char *why)
{
    w->ended = true;
    (void)fault_set(&w->why, STATUS_SYSTEM, "the lab's wire has broken: %s", why);
    return false;
}

static void count(struct netem_wire *w, const struct netem_report *r)
{
    if (r->event == NETEM_EVENT_MISSED)
        w->missed = r->count;
    else if (r->event != NETEM_EVENT_RULE)
        w->unable++;
    else if (r->rule < w->config.rules.count)
        w->hits[w->config.rules.rule[r->rule].action]++;
}

/* Never waits; false: it has nothing to tell now. */
static bool next(void *arg, struct driver_remark *remark)
{
    struct netem_wire *w = arg;
    struct netem_report r = {.event = NETEM_EVENT_RULE};
    if (w->fd < 0 || w->ended)
        return false;
    ssize_t n = recv(w->fd, &r, sizeof(r), MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (n <= 0)
        return shut_down(w, "its process has ended");
    r.text[sizeof(r.text) - 1] = '\0';
    if (r.event == NETEM_EVENT_BROKE)
        return shut_down(w, r.text);
    count(w, &r);
    remark->t_ns = r.t_ns;
    (void)netem_report_format(&r, &w->config.rules, remark->text, sizeof(remark->text));
    return true;
}

static enum status state_of(void *arg, struct fault *fault)
{
    const struct netem_wire *w = arg;
    return w->ended ? fault_set(fault, STATUS_SYSTEM, "%s", w->why.text) : STATUS_OK;
}

struct driver_remarks netem_wire_remarks(struct netem_wire *w)
{
    return (struct driver_remarks){.fd = w->fd, .next = next, .state = state_of, .arg = w};
}

char *netem_wire_describe(const struct netem_wire *w, char *out, size_t cap)
{
    char rule[NETEM_RULE_TEXT_MAX];
    size_t used = (size_t)snprintf(out, cap, "the wire:");
    for (size_t i = 0; i < w->config.rules.count && used < cap; i++)
        used += (size_t)snprintf(out + used, cap - used, " %s",
                                 netem_rule_format(&w->config.rules.rule[i], rule));
    if (w->config.rules.count == 0 && used < cap)
        used += (size_t)snprintf(out + used, cap - used, " no rules");
    if (used < cap)
        (void)snprintf(out + used, cap - used, "; lab --seed %" PRIu64 " repeats it",
                       w->config.seed);
    return out;
}

void netem_wire_report(const struct netem_wire *w, struct result *r)
{
    const uint64_t *n = w->hits;
    const struct {
        const char *name;
        uint64_t count;
    } verdicts[] = {
        {"lost", n[NETEM_LOSS] + n[NETEM_DROP]},
        {"held", n[NETEM_HOLD]},
        {"doubled", n[NETEM_DUP]},
        {"reordered", n[NETEM_REORDER]},
        {"corrupted", n[NETEM_CORRUPT]},
        {"overrun", w->unable + w->missed},
    };
    struct text line;
    text_init(&line);
    result_begin(r, "wire");
    for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
        result_set_integer(r, verdicts[i].name, (int64_t)verdicts[i].count);
        if (verdicts[i].count != 0)
            text_printf(&line, "%s%" PRIu64 " %s", line.len != 0 ? ", " : "", verdicts[i].count,
                        verdicts[i].name);
    }
    result_end(r);
    if (line.len != 0 && !line.failed)
        result_line(r, "wire", "%s", line.data);
    text_done(&line);
}
