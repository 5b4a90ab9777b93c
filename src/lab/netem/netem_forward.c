/* See netem_forward.h. */
#include "lab/netem/netem_forward.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "lab/netem/netem_plan.h"
#include "lab/netem/netem_queue.h"
#include "lab/netem/netem_report.h"
#include "net/driver.h"

/* How often it is looked whether the tap has lost frames, while frames come. */
#define LOOK_EVERY (100 * CLOCK_MS)

struct netem_forward {
    struct relay *relay;
    struct driver *driver;
    struct netem_plan plan;
    struct netem_queue queue;
    int told;
    int64_t look_at; /* CLOCK_NEVER: nothing has come since */
    uint64_t missed;
    enum status (*ready)(void *arg, struct fault *fault);
    void *ready_arg;
    bool stopped;
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
    struct netem_report r = about(way, &look, driver_now(f->driver));
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
    struct netem_report r = about(way, look, driver_now(f->driver));
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
    int64_t now = driver_now(f->driver);
    return t_ns <= now && now - t_ns < CLOCK_S ? t_ns : now;
}

static enum status take(void *arg, enum end side, const uint8_t *frame, size_t n, int64_t t_ns,
                        struct fault *fault)
{
    struct netem_forward *f = arg;
    enum end way = way_of(side);
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
    struct netem_forward *f = arg;
    const struct netem_report r = {.event = NETEM_EVENT_MISSED, .t_ns = now_ns, .count = total};
    f->look_at = CLOCK_NEVER;
    if (total == f->missed)
        return;
    f->missed = total;
    tell(f, &r);
}

static enum status start(void *arg, int64_t now_ns, struct fault *fault)
{
    struct netem_forward *f = arg;
    (void)now_ns;
    return f->ready(f->ready_arg, fault);
}

static enum status tick(void *arg, int64_t now_ns, struct fault *fault)
{
    (void)fault;
    send_what_is_due(arg, now_ns);
    return STATUS_OK;
}

static int64_t deadline(const void *arg, int64_t now_ns)
{
    const struct netem_forward *f = arg;
    int64_t due = netem_queue_due(&f->queue);
    (void)now_ns;
    return due < f->look_at ? due : f->look_at;
}

static enum status stop(void *arg, int64_t now_ns, struct fault *fault)
{
    (void)now_ns;
    (void)fault;
    ((struct netem_forward *)arg)->stopped = true;
    return STATUS_OK;
}

static bool over(const void *arg)
{
    return ((const struct netem_forward *)arg)->stopped;
}

struct netem_forward *netem_forward_new(struct relay *relay, const struct netem_rules *rules,
                                        uint64_t seed, int told, struct fault *fault)
{
    struct netem_forward *f = calloc(1, sizeof(*f));
    if (f == NULL) {
        (void)fault_set(fault, STATUS_NO_MEMORY, "out of memory");
        return NULL;
    }
    f->relay = relay;
    f->told = told;
    f->look_at = CLOCK_NEVER;
    netem_plan_init(&f->plan, rules, seed);
    netem_queue_init(&f->queue);
    f->driver = driver_new(fault);
    if (f->driver == NULL) {
        netem_forward_free(f);
        return NULL;
    }
    return f;
}

void netem_forward_free(struct netem_forward *f)
{
    if (f == NULL)
        return;
    driver_free(f->driver);
    netem_queue_done(&f->queue);
    free(f);
}

enum status netem_forward_run(struct netem_forward *f,
                              enum status (*ready)(void *arg, struct fault *fault), void *arg,
                              struct fault *fault)
{
    static const struct driver_ops ops = {.start = start,
                                          .packet = take,
                                          .tick = tick,
                                          .deadline = deadline,
                                          .stop = stop,
                                          .over = over,
                                          .lost = look_for_missed,
                                          .look_ns = LOOK_EVERY};
    const struct driver_config to_drive = {
        .ops = &ops,
        .arg = f,
        .taps = {{.capture = relay_tap(f->relay, END_A), .end = END_A},
                 {.capture = relay_tap(f->relay, END_B), .end = END_B}},
        .within_ns = CLOCK_NEVER,
    };
    f->ready = ready;
    f->ready_arg = arg;
    enum status s = driver_run(f->driver, &to_drive, fault);
    if (s != STATUS_OK) {
        struct netem_report r = {.event = NETEM_EVENT_BROKE, .t_ns = driver_now(f->driver)};
        memcpy(r.text, fault->text, sizeof(r.text));
        tell(f, &r);
    }
    return s;
}
