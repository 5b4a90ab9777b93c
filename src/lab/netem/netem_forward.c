/* See netem_forward.h. */
#include "lab/netem/netem_forward.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "lab/netem/netem_plan.h"
#include "lab/netem/netem_queue.h"
#include "lab/netem/netem_report.h"
#include "net/loop.h"

enum {
    BURST = 256, /* frames from one side before the other has its turn */
    TURNS = 16   /* before what is due is sent */
};
/* How often it is looked whether the tap has lost frames, while frames come. */
#define LOOK_EVERY (100 * CLOCK_MS)

struct netem_forward {
    struct relay *relay;
    struct loop *loop;
    struct netem_plan plan;
    struct netem_queue queue;
    int told;
    int64_t look_at; /* CLOCK_NEVER: nothing has come since */
    uint64_t missed;
    enum status status; /* the first failure */
    struct fault fault;
};

static enum end way_of(enum end from)
{
    return from == END_A ? END_A : END_B;
}

static enum end end_of(enum end way)
{
    return way == END_A ? END_B : END_A;
}

/* Who does not listen, or not fast enough, misses it. */
static void tell(const struct netem_forward *f, const struct netem_report *r)
{
    size_t n = r->event == NETEM_EVENT_BROKE ? sizeof(*r) : offsetof(struct netem_report, text);
    (void)send(f->told, r, n, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static struct netem_report about(enum end way, const struct netem_look *look, int64_t t_ns)
{
    return (struct netem_report){
        .way = way, .t_ns = t_ns, .segment = look->segment, .flags = look->flags, .len = look->len};
}

static void send_on(const struct netem_forward *f, enum end way, const uint8_t *frame, size_t n)
{
    struct netem_look look;
    if (relay_send(f->relay, end_of(way), frame, n, NULL) == STATUS_OK)
        return;
    netem_look(&look, frame, n);
    struct netem_report r = about(way, &look, loop_now(f->loop));
    r.event = NETEM_EVENT_REFUSED;
    tell(f, &r);
}

static void send_what_is_due(struct netem_forward *f, int64_t now_ns)
{
    for (struct netem_packet *p; (p = netem_queue_take(&f->queue, now_ns)) != NULL; free(p))
        send_on(f, p->way, p->frame, p->n);
}

static void tell_causes(const struct netem_forward *f, enum end way, const struct netem_look *look,
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

static void keep(struct netem_forward *f, enum end way, const struct netem_look *look,
                 const uint8_t *frame, size_t n, int64_t due_ns, bool late)
{
    if (netem_queue_put(&f->queue, way, frame, n, due_ns, late) != NULL)
        return;
    struct netem_report r = about(way, look, loop_now(f->loop));
    r.event = NETEM_EVENT_FULL;
    tell(f, &r);
}

/* What is due at once does not wait, and no copy of it is made. */
static void carry_out(struct netem_forward *f, enum end way, const struct netem_look *look,
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
static int64_t came_at(const struct netem_forward *f, int64_t t_ns)
{
    int64_t now = loop_now(f->loop);
    return t_ns <= now && now - t_ns < CLOCK_S ? t_ns : now;
}

static void take(void *arg, enum end side, const uint8_t *frame, size_t n, int64_t t_ns)
{
    struct netem_forward *f = arg;
    enum end way = way_of(side);
    struct netem_look look;
    struct netem_verdict verdict;
    uint8_t changed[RELAY_FRAME_MAX];
    if (f->plan.rules.count == 0) {
        send_on(f, way, frame, n);
        return;
    }
    int64_t at = came_at(f, t_ns);
    send_what_is_due(f, at);
    netem_look(&look, frame, n);
    netem_plan_judge(&f->plan, way, &look, at, &verdict);
    if (verdict.caused != 0)
        tell_causes(f, way, &look, &verdict, t_ns);
    if (verdict.lost)
        return;
    if (verdict.corrupted) {
        memcpy(changed, frame, n);
        (void)netem_look_corrupt(&look, changed, verdict.dice);
        frame = changed;
    }
    carry_out(f, way, &look, &verdict, frame, n, at);
}

static void look_for_missed(struct netem_forward *f, int64_t now_ns)
{
    struct netem_report r = {
        .event = NETEM_EVENT_MISSED, .t_ns = now_ns, .count = relay_dropped(f->relay)};
    f->look_at = CLOCK_NEVER;
    if (r.count == f->missed)
        return;
    f->missed = r.count;
    tell(f, &r);
}

static void plan_next(struct netem_forward *f)
{
    int64_t due = netem_queue_due(&f->queue);
    loop_set_deadline(f->loop, due < f->look_at ? due : f->look_at);
}

static void broke(struct netem_forward *f)
{
    struct netem_report r = {.event = NETEM_EVENT_BROKE, .t_ns = loop_now(f->loop)};
    f->status = STATUS_SYSTEM;
    memcpy(r.text, f->fault.text, sizeof(r.text));
    tell(f, &r);
    loop_stop(f->loop);
}

/* Both ends are on this machine: one has answered by the time that the other's packet is sent on,
 * and looking at once saves being woken for it. */
static void come_in(struct netem_forward *f, enum end side)
{
    int n = 1;
    for (int turn = 0; turn < TURNS && n > 0; turn++, side = end_other(side))
        n = relay_dispatch(f->relay, side, BURST, take, f, &f->fault);
    if (n < 0) {
        broke(f);
        return;
    }
    int64_t now = loop_now(f->loop);
    if (f->look_at == CLOCK_NEVER)
        f->look_at = now + LOOK_EVERY;
    send_what_is_due(f, now);
    plan_next(f);
}

static void readable_a(void *arg)
{
    come_in(arg, END_A);
}

static void readable_b(void *arg)
{
    come_in(arg, END_B);
}

static void wake(void *arg, int64_t now_ns)
{
    struct netem_forward *f = arg;
    send_what_is_due(f, now_ns);
    if (now_ns >= f->look_at)
        look_for_missed(f, now_ns);
    plan_next(f);
}

static void signalled(void *arg, enum loop_signal s)
{
    struct netem_forward *f = arg;
    if (s == LOOP_STOP)
        loop_stop(f->loop);
}

struct netem_forward *netem_forward_new(struct relay *relay, const struct netem_rules *rules,
                                        uint64_t seed, int told, struct fault *fault)
{
    struct netem_forward *f = calloc(1, sizeof(*f));
    if (f == NULL) {
        (void)fault_set(fault, STATUS_NO_MEMORY, "out of memory");
        return NULL;
    }
    const struct loop_handlers handlers = {
        .arg = f, .readable = readable_a, .wake = wake, .signal = signalled};
    f->relay = relay;
    f->told = told;
    f->look_at = CLOCK_NEVER;
    netem_plan_init(&f->plan, rules, seed);
    netem_queue_init(&f->queue);
    f->loop = loop_new(relay_fd(relay, END_A), &handlers, fault);
    if (f->loop == NULL ||
        loop_join(f->loop, relay_fd(relay, END_B), readable_b, f, fault) != STATUS_OK) {
        netem_forward_free(f);
        return NULL;
    }
    return f;
}

void netem_forward_free(struct netem_forward *f)
{
    if (f == NULL)
        return;
    loop_free(f->loop);
    netem_queue_done(&f->queue);
    free(f);
}

enum status netem_forward_run(struct netem_forward *f, struct fault *fault)
{
    enum status s = loop_run(f->loop, fault);
    if (s == STATUS_OK && f->status != STATUS_OK) {
        *fault = f->fault;
        s = f->status;
    }
    return s;
}
