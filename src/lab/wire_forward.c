/* See wire_forward.h. */
#include "lab/wire_forward.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "lab/wire_plan.h"
#include "lab/wire_queue.h"
#include "lab/wire_report.h"
#include "net/loop.h"

enum {
    BURST = 256 /* frames from one side before the other has its turn */
};
/* How often it is looked whether the tap has lost frames, while frames come. */
#define LOOK_EVERY (100 * CLOCK_MS)

struct wire_forward {
    struct relay *relay;
    struct loop *loop;
    struct wire_plan plan;
    struct wire_queue queue;
    int told;
    int64_t look_at; /* CLOCK_NEVER: nothing has come since */
    uint64_t missed;
    enum status status; /* the first failure */
    struct fault fault;
};

static enum wire_way way_of(enum relay_side from)
{
    return from == RELAY_A ? WIRE_A_B : WIRE_B_A;
}

static enum relay_side end_of(enum wire_way way)
{
    return way == WIRE_A_B ? RELAY_B : RELAY_A;
}

/* Who does not listen, or not fast enough, misses it. */
static void tell(const struct wire_forward *f, const struct wire_report *r)
{
    size_t n = r->event == WIRE_EVENT_BROKE ? sizeof(*r) : offsetof(struct wire_report, text);
    (void)send(f->told, r, n, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static struct wire_report about(enum wire_way way, const struct wire_look *look, int64_t t_ns)
{
    return (struct wire_report){
        .way = way, .t_ns = t_ns, .segment = look->segment, .flags = look->flags, .len = look->len};
}

static void send_on(const struct wire_forward *f, enum wire_way way, const uint8_t *frame, size_t n)
{
    struct wire_look look;
    if (relay_send(f->relay, end_of(way), frame, n, NULL) == STATUS_OK)
        return;
    wire_look(&look, frame, n);
    struct wire_report r = about(way, &look, loop_now(f->loop));
    r.event = WIRE_EVENT_REFUSED;
    tell(f, &r);
}

static void send_what_is_due(struct wire_forward *f, int64_t now_ns)
{
    for (struct wire_parcel *p; (p = wire_queue_take(&f->queue, now_ns)) != NULL; free(p))
        send_on(f, p->way, p->frame, p->n);
}

static void tell_causes(const struct wire_forward *f, enum wire_way way,
                        const struct wire_look *look, const struct wire_fate *fate, int64_t t_ns)
{
    struct wire_report r = about(way, look, t_ns);
    for (uint32_t i = 0; i < f->plan.rules.count; i++) {
        enum wire_deed deed = f->plan.rules.rule[i].deed;
        bool loses = deed == WIRE_LOSS || deed == WIRE_DROP;
        if ((fate->caused & UINT32_C(1) << i) == 0 || fate->lost != loses)
            continue; /* what else befalls a packet that is lost is nothing to tell */
        r.rule = i;
        tell(f, &r);
        if (loses)
            return;
    }
}

static void keep(struct wire_forward *f, enum wire_way way, const struct wire_look *look,
                 const uint8_t *frame, size_t n, int64_t due_ns, bool late)
{
    if (wire_queue_put(&f->queue, way, frame, n, due_ns, late) != NULL)
        return;
    struct wire_report r = about(way, look, loop_now(f->loop));
    r.event = WIRE_EVENT_FULL;
    tell(f, &r);
}

/* What is due at once does not wait, and no copy of it is made. */
static void carry_out(struct wire_forward *f, enum wire_way way, const struct wire_look *look,
                      const struct wire_fate *fate, const uint8_t *frame, size_t n, int64_t t_ns)
{
    bool in_place = !fate->held && !fate->late;
    for (unsigned copy = 0; copy < fate->copies; copy++) {
        int64_t due = fate->due_ns + copy;
        if (in_place && due <= t_ns)
            send_on(f, way, frame, n);
        else
            keep(f, way, look, frame, n, due, fate->late);
    }
    if (in_place && look->packet)
        wire_queue_passes(&f->queue, way, fate->due_ns + fate->copies - 1);
}

/* The frame's stamp is the system clock's, which may be set while we run; ours does not step. */
static int64_t came_at(const struct wire_forward *f, int64_t t_ns)
{
    int64_t now = loop_now(f->loop);
    return t_ns <= now && now - t_ns < CLOCK_S ? t_ns : now;
}

static void take(void *arg, enum relay_side side, const uint8_t *frame, size_t n, int64_t t_ns)
{
    struct wire_forward *f = arg;
    enum wire_way way = way_of(side);
    struct wire_look look;
    struct wire_fate fate;
    uint8_t changed[RELAY_FRAME_MAX];
    if (f->plan.rules.count == 0) {
        send_on(f, way, frame, n);
        return;
    }
    int64_t at = came_at(f, t_ns);
    send_what_is_due(f, at);
    wire_look(&look, frame, n);
    wire_plan_judge(&f->plan, way, &look, at, &fate);
    if (fate.caused != 0)
        tell_causes(f, way, &look, &fate, t_ns);
    if (fate.lost)
        return;
    if (fate.corrupted) {
        memcpy(changed, frame, n);
        (void)wire_look_corrupt(&look, changed, fate.dice);
        frame = changed;
    }
    carry_out(f, way, &look, &fate, frame, n, at);
}

static void look_for_missed(struct wire_forward *f, int64_t now_ns)
{
    struct wire_report r = {
        .event = WIRE_EVENT_MISSED, .t_ns = now_ns, .count = relay_dropped(f->relay)};
    f->look_at = CLOCK_NEVER;
    if (r.count == f->missed)
        return;
    f->missed = r.count;
    tell(f, &r);
}

static void plan_next(struct wire_forward *f)
{
    int64_t due = wire_queue_due(&f->queue);
    loop_set_deadline(f->loop, due < f->look_at ? due : f->look_at);
}

static void come_in(struct wire_forward *f, enum relay_side side)
{
    if (relay_dispatch(f->relay, side, BURST, take, f, &f->fault) < 0) {
        struct wire_report r = {.event = WIRE_EVENT_BROKE, .t_ns = loop_now(f->loop)};
        f->status = STATUS_SYSTEM;
        memcpy(r.text, f->fault.text, sizeof(r.text));
        tell(f, &r);
        loop_stop(f->loop);
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
    come_in(arg, RELAY_A);
}

static void readable_b(void *arg)
{
    come_in(arg, RELAY_B);
}

static void wake(void *arg, int64_t now_ns)
{
    struct wire_forward *f = arg;
    send_what_is_due(f, now_ns);
    if (now_ns >= f->look_at)
        look_for_missed(f, now_ns);
    plan_next(f);
}

static void signalled(void *arg, enum loop_signal s)
{
    struct wire_forward *f = arg;
    if (s == LOOP_STOP)
        loop_stop(f->loop);
}

struct wire_forward *wire_forward_new(struct relay *relay, const struct wire_rules *rules,
                                      uint64_t seed, int told, struct fault *fault)
{
    struct wire_forward *f = calloc(1, sizeof(*f));
    if (f == NULL) {
        (void)fault_set(fault, STATUS_NO_MEMORY, "out of memory");
        return NULL;
    }
    const struct loop_handlers handlers = {
        .arg = f, .readable = readable_a, .wake = wake, .signal = signalled};
    f->relay = relay;
    f->told = told;
    f->look_at = CLOCK_NEVER;
    wire_plan_init(&f->plan, rules, seed);
    wire_queue_init(&f->queue);
    f->loop = loop_new(relay_fd(relay, RELAY_A), &handlers, fault);
    if (f->loop == NULL ||
        loop_join(f->loop, relay_fd(relay, RELAY_B), readable_b, f, fault) != STATUS_OK) {
        wire_forward_free(f);
        return NULL;
    }
    return f;
}

void wire_forward_free(struct wire_forward *f)
{
    if (f == NULL)
        return;
    loop_free(f->loop);
    wire_queue_done(&f->queue);
    free(f);
}

enum status wire_forward_run(struct wire_forward *f, struct fault *fault)
{
    enum status s = loop_run(f->loop, fault);
    if (s == STATUS_OK && f->status != STATUS_OK) {
        *fault = f->fault;
        s = f->status;
    }
    return s;
}
