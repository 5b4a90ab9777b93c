/* A measurement whose one end is ours: its sessions one after the other, live, or with --dry-run
 * against an imagined peer. */
#include "cli/carry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "lab/netem/netem_wire.h"
#include "lab/lab_upper.h"
#include "lab/truth_check.h"
#include "net/live.h"
#include "net/loop.h"
#include "net/resolve.h"
#include "net/route.h"
#include "talk/sessions.h"
#include "talk/sim.h"
#include "wire/ip.h"

#define CARRIER_EVERY (200 * CLOCK_MS)

/* All that one run holds. */
struct stage {
    struct session *s;
    struct sessions_config config;
    struct lab_upper peer; /* in the lab */
    struct upper upper;
    struct truth_check truth;
    struct talks_observer observer;
    struct driver_remarks wire;
    char wire_remark[4096]; /* room for as many rules as there can be */
    bool wired, wire_changes;
    void **states;   /* one a session: */
    uint8_t *others; /* copies of the first */
    struct sessions sessions;
};

/* --- The target --- */

static enum status take_lab_peer(struct session *s, struct fault *fault)
{
    s->remote = *lab_at(s->context->lab, END_B);
    int family = address_is_v4(&s->remote.ip) ? AF_INET : AF_INET6;
    int wanted = s->options.family;
    if (wanted == AF_UNSPEC || wanted == family)
        return STATUS_OK;
    return fault_set(fault, STATUS_MALFORMED,
                     "the lab's peer has an IPv%d address: write 'tcpshake lab%s %s'",
                     family == AF_INET ? 4 : 6, family == AF_INET ? " -6" : "", s->measure->name);
}

/* Where the peer connects to us, its port is known only then: HOST alone will do. */
static enum status parse_target(const struct session *s, struct resolve_target *t, bool *port,
                                struct fault *fault)
{
    const struct arguments *o = &s->options;
    struct fault ignored;
    *port = o->port_word != NULL || !s->peer_connects ||
            resolve_parse(t, o->host, "1", &ignored) != STATUS_OK;
    return *port ? resolve_parse(t, o->host, o->port_word, fault) : STATUS_OK;
}

static enum status find(struct session *s, struct fault *fault)
{
    const struct arguments *o = &s->options;
    struct resolve_target t;

    if (o->host == NULL && s->context->lab != NULL)
        return take_lab_peer(s, fault);
    if (o->host == NULL)
        return fault_set(fault, STATUS_MALFORMED, CARRY_NO_TARGET);
    bool port;
    enum status status = parse_target(s, &t, &port, fault);
    if (status != STATUS_OK)
        return status;
    status = resolve_lookup(&t, o->family, o->numeric, &s->remote, &s->scope_id, fault);
    if (!port)
        s->remote.port = 0;
    return status;
}

/* --- The run --- */

static enum status begin(struct session *s, const char *interface, const char *clock,
                         struct fault *fault)
{
    const struct run_info info = {
        .interface = interface,
        .clock = clock,
        .heading = s->heading,
        .lab_truth = s->context->truth,
    };
    return record_begin(&s->record, &info, &s->remote, fault);
}

static void configure(struct stage *st, const struct endpoint *locals, uint32_t mtu)
{
    const struct session *s = st->s;
    const struct arguments *o = &s->options;
    const uint16_t fits = ip_mss(address_is_v4(&s->remote.ip) ? 4 : 6, mtu);

    st->config = (struct sessions_config){
        .script = s->script,
        .base =
            {
                .remote = s->remote,
                .iss = seq_of(o->isn),
                .like = o->like,
                .mss = o->mss != 0 ? o->mss : fits,
                .fits = fits,
                .win = o->has_win ? o->win : o->like->win,
                .ttl = o->has_ttl ? o->ttl : o->like->ttl,
                .timestamps = o->timestamps,
                .rfc_peer = o->rfc_peer,
                .tries = (unsigned)o->run.tries,
            },
        .locals = locals,
        .sessions = o->run.sessions,
        .states = st->states,
        .key = hash_key_of_seed(s->record.seed),
        .repeatable = o->has_seed,
        .fixed_isn = o->has_isn,
        .deadline_after_ns = o->run.deadline_ns,
        .summarise = s->measure->summarise,
        .remark = st->wired ? st->wire_remark : NULL,
    };
    if (s->context->lab != NULL) {
        st->peer = (struct lab_upper){s->context->lab, END_B};
        st->upper = lab_upper_ops(&st->peer);
        st->config.base.upper[END_B] = &st->upper;
    }
    if (s->second_port)
        st->config.base.other_local = locals[o->run.sessions];
    if (s->context->truth) {
        bool unheard = s->context->deaf > 0 || st->wire_changes;
        truth_check_init(&st->truth, s->context->lab, unheard);
        st->observer = truth_check_observer(&st->truth);
        st->config.observer = &st->observer;
    }
}

static void add_wire(void *arg, struct result *r)
{
    netem_wire_report(arg, r);
}

/* The lab's wire, where there is one. */
static void hear_wire(struct stage *st)
{
    const struct context *context = st->s->context;
    struct netem_wire *w = context->lab != NULL ? lab_wire(context->lab) : NULL;
    st->wired = w != NULL;
    if (!st->wired)
        return;
    st->wire = netem_wire_remarks(w);
    st->wire_changes = w->config.rules.count > 0;
    (void)netem_wire_describe(w, st->wire_remark, sizeof(st->wire_remark));
}

/* The machine of a client that is to connect may still boot: as long as -w allows it need have no
 * carrier. */
static enum status open_path(struct path *p, const struct path_config *config,
                             const struct session *s, struct fault *fault)
{
    const struct timespec pause = {.tv_nsec = CARRIER_EVERY};
    const int64_t now = loop_clock(CLOCK_MONOTONIC), wait = s->options.run.deadline_ns;
    const int64_t until = wait < CLOCK_NEVER - now ? now + wait : CLOCK_NEVER;
    enum status status = path_open(p, config, fault);
    if (status == STATUS_UNREACHABLE && s->peer_connects)
        (void)fprintf(stderr, "tcpshake %s: %s; waiting for one\n", s->measure->name, fault->text);
    while (status == STATUS_UNREACHABLE && s->peer_connects &&
           loop_clock(CLOCK_MONOTONIC) < until) {
        path_close(p);
        (void)nanosleep(&pause, NULL);
        status = path_open(p, config, fault);
    }
    return status;
}

static enum status run_live(struct stage *st, struct fault *fault)
{
    struct session *s = st->s;
    const struct arguments *o = &s->options;
    hear_wire(st);
    const struct path_config config = {
        .remote = s->remote,
        .scope_id = s->scope_id,
        .source = o->has_source ? &o->source : NULL,
        .ifname = o->interface,
        .sport = o->sport,
        .ports = o->run.sessions + s->second_port,
        .key = hash_key_of_seed(s->record.seed),
    };
    const struct live_run_config live = {
        .deaf = s->context->deaf,
        .within_ns = CLOCK_NEVER, /* each session has its own time */
        .remarks = st->wired ? &st->wire : NULL,
        .teller = {record_progress(&s->record), record_asked, &s->record},
    };
    struct path path;
    enum status status = open_path(&path, &config, s, fault);
    if (status == STATUS_OK) {
        configure(st, path.locals, path.route.mtu);
        if (!s->peer_connects) /* else it may still boot */
            st->config.unreachable = path_unreachable(&path);
        if (st->wired) {
            st->config.afterword = add_wire;
            st->config.afterword_arg = lab_wire(s->context->lab);
        }
        status = begin(s, path.route.ifname, path_clock(&path), fault);
    }
    if (status == STATUS_OK)
        status = sessions_init(&st->sessions, &st->config, &s->record.timeline, fault);
    if (status == STATUS_OK)
        status = live_run(&path, &live, &st->sessions.talks, fault);
    sessions_done(&st->sessions);
    path_close(&path);
    return status;
}

/* --dry-run: the same engine, an imagined peer, nothing sent. Needs the route for our address, and
 * no privilege. */
static enum status run_dry(struct stage *st, struct fault *fault)
{
    struct session *s = st->s;
    const struct arguments *o = &s->options;
    struct sim_ideal ideal = {0};
    const struct sim_peer peer = sim_ideal_peer(&ideal);
    struct route route;
    struct endpoint local;

    enum status status = route_find(&route, &s->remote.ip, s->scope_id,
                                    o->has_source ? &o->source : NULL, o->interface, fault);
    if (status != STATUS_OK)
        return status;
    int64_t start = loop_clock(CLOCK_REALTIME);
    struct sim *sim = sim_new(&peer, start, CLOCK_MS);
    if (sim == NULL)
        return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    local.ip = route.source;
    local.port = o->sport != 0 ? o->sport : 40000;
    configure(st, &local, route.mtu);
    st->config.sessions = 1;
    st->config.imagined = true;
    status = begin(s, "simulated", "simulated", fault);
    if (status == STATUS_OK)
        status = sessions_init(&st->sessions, &st->config, &s->record.timeline, fault);
    if (status == STATUS_OK)
        status = talks_start(&st->sessions.talks, sim_link(sim), start, fault);
    if (status == STATUS_OK)
        status = sim_run(sim, &st->sessions.talks, CLOCK_MIN, fault);
    sessions_done(&st->sessions);
    sim_free(sim);
    return status;
}

/* Each session has a state of its own, with the same choices in it. False: out of memory. */
static bool make_states(struct stage *st)
{
    const struct session *s = st->s;
    st->others = calloc(s->options.run.sessions, s->measure->size);
    st->states = calloc(s->options.run.sessions, sizeof(*st->states));
    if (st->others == NULL || st->states == NULL)
        return false;
    for (size_t i = 0; i < s->options.run.sessions; i++) {
        st->states[i] = i == 0 ? s->state : st->others + i * s->measure->size;
        if (i > 0)
            memcpy(st->states[i], s->state, s->measure->size);
    }
    return true;
}

static enum status run(struct session *s, struct fault *fault)
{
    struct stage *st = calloc(1, sizeof(*st));
    if (st == NULL)
        return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    st->s = s;
    enum status status = !make_states(st)     ? fault_set(fault, STATUS_NO_MEMORY, "out of memory")
                         : s->options.dry_run ? run_dry(st, fault)
                                              : run_live(st, fault);
    s->exit_code = st->sessions.exit_code;
    free(st->others);
    free(st->states);
    free(st);
    return status;
}

const struct carrier carry_talk = {.find = find, .run = run};
