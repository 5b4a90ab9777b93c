/* See measure.h. */
#include "cli/measure.h"

#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "cli/record.h"
#include "net/live_run.h"
#include "talk/sim.h"
#include "lab/netem/netem_remarks.h"
#include "lab/lab_upper.h"
#include "lab/truth_check.h"
#include "net/resolve.h"
#include "net/route.h"

enum {
    IPV4_HEADERS = 40,
    IPV6_HEADERS = 60,
    LEAST_ROUTE_MTU = 576
};

/* Everything that is opened for one measurement. */
struct stage {
    const struct measurement *m;
    struct endpoint remote;
    uint32_t scope_id;
    struct record record;
    struct sessions_config config;
    struct lab_upper peer; /* in the lab */
    struct upper upper;
    struct truth_check witness;
    struct talks_observer observer;
    struct remarks_source wire;
    char wire_remark[4096]; /* room for as many rules as there can be */
    bool wired, wire_changes;
    struct sessions *sessions;
};

static enum status take_lab_peer(struct stage *st, struct fault *fault)
{
    st->remote = *lab_at(st->m->around->lab, END_B);
    int family = address_is_v4(&st->remote.ip) ? AF_INET : AF_INET6;
    int wanted = st->m->options->family;
    if (wanted == AF_UNSPEC || wanted == family)
        return STATUS_OK;
    return fault_set(
        fault, STATUS_MALFORMED, "the lab's peer has an IPv%d address: write 'tcpshake lab%s %s'",
        family == AF_INET ? 4 : 6, family == AF_INET ? " -6" : "", st->m->options->command);
}

/* Where the peer connects to us, its port is known only then: HOST alone will do. */
static enum status parse_target(const struct measurement *m, struct resolve_target *t, bool *port,
                                struct fault *fault)
{
    const struct arguments *o = m->options;
    struct fault ignored;
    *port = o->port_word != NULL || !m->peer_connects ||
            resolve_parse(t, o->host, "1", &ignored) != STATUS_OK;
    return *port ? resolve_parse(t, o->host, o->port_word, fault) : STATUS_OK;
}

static enum status find_target(struct stage *st, struct fault *fault)
{
    const struct arguments *o = st->m->options;
    struct resolve_target t;

    if (o->host == NULL && st->m->around->lab != NULL)
        return take_lab_peer(st, fault);
    if (o->host == NULL)
        return fault_set(fault, STATUS_MALFORMED,
                         "no target; write HOST:PORT, [V6]:PORT or HOST PORT, or put 'lab' before "
                         "the command to run it against a peer on this machine");
    bool port;
    enum status s = parse_target(st->m, &t, &port, fault);
    if (s != STATUS_OK)
        return s;
    s = resolve_lookup(&t, o->family, o->numeric, &st->remote, &st->scope_id, fault);
    if (!port)
        st->remote.port = 0;
    return s;
}

static enum status begin(struct stage *st, const char *interface, const char *clock,
                         struct fault *fault)
{
    const struct measurement *m = st->m;
    const struct run_info info = {
        .command = m->probe->name,
        .interface = interface,
        .clock = clock,
        .heading = m->heading,
        .lab_truth = m->around->truth,
    };
    return record_begin(&st->record, &info, &st->remote, m->argc, m->argv, fault);
}

static uint16_t mss_for(const struct stage *st, uint32_t mtu)
{
    const struct arguments *o = st->m->options;
    uint32_t headers = address_is_v4(&st->remote.ip) ? IPV4_HEADERS : IPV6_HEADERS;
    if (o->mss != 0)
        return o->mss;
    uint32_t mss = (mtu < LEAST_ROUTE_MTU ? LEAST_ROUTE_MTU : mtu) - headers;
    return (uint16_t)(mss > UINT16_MAX ? UINT16_MAX : mss);
}

static void configure(struct stage *st, const struct endpoint *locals, uint32_t mtu)
{
    const struct measurement *m = st->m;
    const struct arguments *o = m->options;

    st->config = (struct sessions_config){
        .script = m->probe,
        .base =
            {
                .remote = st->remote,
                .iss = seq_of(o->isn),
                .like = o->like,
                .mss = mss_for(st, mtu),
                .win = o->has_win ? o->win : o->like->win,
                .ttl = o->has_ttl ? o->ttl : o->like->ttl,
                .timestamps = o->timestamps,
                .tries = m->tries,
            },
        .locals = locals,
        .sessions = m->sessions,
        .states = m->states,
        .key = hash_key_of_seed(st->record.seed),
        .repeatable = o->has_seed,
        .fixed_isn = o->has_isn,
        .deadline_after_ns = o->deadline_ns,
        .summarise = m->summarise,
        .remark = st->wired ? st->wire_remark : NULL,
    };
    if (m->around->lab != NULL) {
        st->peer = (struct lab_upper){m->around->lab, END_B};
        st->upper = lab_upper_ops(&st->peer);
        st->config.base.upper[END_B] = &st->upper;
    }
    if (m->second_port)
        st->config.base.other_local = locals[m->sessions];
    if (m->around->truth) {
        bool unheard = m->around->deaf > 0 || st->wire_changes;
        truth_check_init(&st->witness, m->around->lab, unheard);
        st->observer = truth_check_observer(&st->witness);
        st->config.observer = &st->observer;
    }
}

static void add_wire(void *arg, struct result *r)
{
    netem_remarks_report(arg, r);
}

/* The lab's wire, where there is one. */
static void hear_wire(struct stage *st)
{
    struct netem *w = st->m->around->lab != NULL ? lab_wire(st->m->around->lab) : NULL;
    st->wired = w != NULL;
    if (!st->wired)
        return;
    st->wire = netem_remarks(w);
    st->wire_changes = w->config.rules.count > 0;
    (void)netem_remarks_describe(w, st->wire_remark, sizeof(st->wire_remark));
}

static enum status run_live(struct stage *st, struct fault *fault)
{
    const struct arguments *o = st->m->options;
    hear_wire(st);
    const struct path_config config = {
        .remote = st->remote,
        .scope_id = st->scope_id,
        .source = o->has_source ? &o->source : NULL,
        .ifname = o->interface,
        .sport = o->sport,
        .ports = st->m->sessions + st->m->second_port,
        .key = hash_key_of_seed(st->record.seed),
    };
    const struct live_run_config live = {
        .deaf = st->m->around->deaf,
        .within_ns = CLOCK_NEVER, /* each session has its own time */
        .aside = st->wired ? &st->wire : NULL,
        .progress = record_progress(&st->record),
        .asked = record_asked,
        .arg = &st->record,
    };
    struct path path;
    enum status s = path_open(&path, &config, fault);
    if (s == STATUS_OK) {
        configure(st, path.locals, path.route.mtu);
        st->config.unreachable = path_unreachable(&path);
        if (st->wired) {
            st->config.afterword = add_wire;
            st->config.afterword_arg = lab_wire(st->m->around->lab);
        }
        s = begin(st, path.route.ifname, path_clock(&path), fault);
    }
    if (s == STATUS_OK)
        s = sessions_init(st->sessions, &st->config, &st->record.timeline, fault);
    if (s == STATUS_OK)
        s = live_run(&path, &live, &st->sessions->talks, fault);
    output_progress_clear(&st->record.output);
    sessions_done(st->sessions);
    path_close(&path);
    return s;
}

/* --dry-run: the same engine, an imagined peer, nothing sent. Needs the route for our address, and
 * no privilege. */
static enum status run_dry(struct stage *st, struct fault *fault)
{
    const struct arguments *o = st->m->options;
    struct sim_ideal ideal = {0};
    const struct sim_peer peer = sim_ideal_peer(&ideal);
    struct route route;
    struct timespec now;
    struct endpoint local;

    enum status s = route_find(&route, &st->remote.ip, st->scope_id,
                               o->has_source ? &o->source : NULL, o->interface, fault);
    if (s != STATUS_OK)
        return s;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    int64_t start = now.tv_sec * CLOCK_S + now.tv_nsec;
    struct sim *sim = sim_new(&peer, start, CLOCK_MS);
    if (sim == NULL)
        return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    local.ip = route.source;
    local.port = o->sport != 0 ? o->sport : 40000;
    configure(st, &local, route.mtu);
    st->config.sessions = 1;
    st->config.imagined = true;
    s = begin(st, "simulated", "simulated", fault);
    if (s == STATUS_OK)
        s = sessions_init(st->sessions, &st->config, &st->record.timeline, fault);
    if (s == STATUS_OK)
        s = talks_start(&st->sessions->talks, sim_link(sim), start, fault);
    if (s == STATUS_OK)
        s = sim_run(sim, &st->sessions->talks, CLOCK_MIN, fault);
    sessions_done(st->sessions);
    sim_free(sim);
    return s;
}

static enum status stage_run(struct stage *st, struct fault *fault)
{
    enum status s = find_target(st, fault);
    if (s == STATUS_OK)
        s = record_open(&st->record, fault);
    if (s == STATUS_OK)
        s = st->m->options->dry_run ? run_dry(st, fault) : run_live(st, fault);
    return s;
}

int measure(const struct measurement *m)
{
    struct stage st = {.m = m};
    struct fault fault = {0};

    record_init(&st.record, m->options);
    st.sessions = calloc(1, sizeof(*st.sessions));
    if (st.sessions == NULL)
        return command_fail(m->options->command, "out of memory");
    enum status s = stage_run(&st, &fault);
    s = record_close(&st.record, s, &fault);
    int code = st.sessions->exit_code;
    free(st.sessions);
    if (s != STATUS_OK)
        return command_fail(m->options->command, "%s", fault.text);
    return code;
}
