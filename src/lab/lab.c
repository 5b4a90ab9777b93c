/* Puts the lab together: see lab.h. One process passes through the network namespaces, leaves
 * sockets in each, and ends in ours (or the wire's); no step needs another process, and a death at
 * any moment closes what there is. */
#include "lab/lab.h"

#include <netlink/netlink.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "lab/cable.h"
#include "lab/child.h"
#include "lab/ctl.h"
#include "lab/namespace.h"
#include "lab/server.h"
#include "lab/truth.h"
#include "net/privilege.h"

enum {
    SIDES = END_B + 1,
    OUR_PORT = 5006, /* beside those of the apps */
};

/* One side's kernel. */
struct lab_end {
    struct endpoint at;
    struct truth truth;
    struct ctl ctl;
    pid_t child;
};

struct lab {
    const struct lab_options *options; /* during lab_open */
    const struct app *app;
    struct lab_end end[SIDES];
    struct truth_meter meter; /* the peer's */
    int backlog;
    struct netem_wire wire;
    bool keeps_no_entry;
};

/* What is another namespace's, and ours only for the time of construction. */
struct site {
    struct service service;
    int listener;     /* of server_listen; -1: none */
    int ctl;          /* the peer's end of ctl_open */
    int namespace_fd; /* the network namespace that it moves to */
    struct nl_sock *route;
};

const struct lab_app *lab_app_at(size_t i)
{
    const struct app *app = conn_app_at(i);
    return app != NULL ? &app->shown : NULL;
}

static enum status check_options(const struct lab_options *options, const struct app **app,
                                 struct fault *fault)
{
    enum status s = conn_app_find(options->app, app, fault);
    for (size_t i = 0; s == STATUS_OK && i < options->sysctl_count; i++)
        s = namespace_sysctl_check(options->sysctls[i], fault);
    return s;
}

/* The lab works without the truth. A kernel that cannot tell it answers as it does for a connection
 * that does not exist, so we ask for one whose state we know. */
static void open_truth(struct lab_end *end, const struct in6_addr *other, int listener)
{
    const struct endpoint stranger = {.ip = *other, .port = 1};
    enum state s = STATE_LISTEN;
    if (truth_open(&end->truth, NULL) != STATUS_OK)
        return;
    if (listener >= 0 &&
        (truth_read(&end->truth, &end->at, &stranger, &s, NULL) != STATUS_OK || s != STATE_LISTEN))
        truth_close(&end->truth);
}

static bool is_kernel(const struct lab_options *options, enum end side)
{
    return side == END_B || options->between;
}

static enum status apply_sysctls(const struct lab_options *options, struct fault *fault)
{
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < options->sysctl_count; i++)
        s = namespace_sysctl(options->sysctls[i], fault);
    return s;
}

/* The namespace of a side, and what its kernel needs there. */
static enum status prepare_side(struct lab *lab, enum end side, struct site *site,
                                struct fault *fault)
{
    struct lab_end *end = &lab->end[side];
    enum status s = namespace_new_net(&site->namespace_fd, fault);
    if (s == STATUS_OK && (site->route = cable_socket_new(fault)) == NULL)
        s = STATUS_SYSTEM;
    if (s != STATUS_OK || !is_kernel(lab->options, side))
        return s;
    s = apply_sysctls(lab->options, fault);
    if (s == STATUS_OK && side == END_B)
        s = server_listen(&site->service, &site->listener, fault);
    if (s == STATUS_OK)
        open_truth(end, &lab->end[side == END_B ? END_A : END_B].at.ip, site->listener);
    if (s == STATUS_OK && side == END_B && lab->app->waits)
        s = truth_meter_open(&lab->meter, fault);
    return s;
}

static void close_if_open(int fd)
{
    if (fd >= 0)
        close(fd);
}

/* Beyond the sides, the wire's namespace, whose kernel is to take no part: without IPv6 it has
 * nothing to say of its own accord. */
static enum status prepare_wire(struct nl_sock **route, int *fd, struct fault *fault)
{
    enum status s = namespace_new_net(fd, fault);
    if (s != STATUS_OK)
        return s;
    (void)namespace_sysctl("net.ipv6.conf.default.disable_ipv6=1", NULL); /* where there is any */
    *route = cable_socket_new(fault);
    return *route != NULL ? STATUS_OK : STATUS_SYSTEM;
}

/* Back to our side, where a wire has a process of its own. */
static enum status start_wire(struct lab *lab, int wire_fd, int ours_fd, struct fault *fault)
{
    if (lab->options->wire == NULL)
        return STATUS_OK;
    enum status s = netem_wire_start(&lab->wire, lab->options->wire, wire_fd,
                                     cable_name(CABLE_WIRE_A), cable_name(CABLE_WIRE_B), fault);
    return s == STATUS_OK ? namespace_enter(ours_fd, fault) : s;
}

static enum status connect_sides(struct lab *lab, const struct site sites[SIDES],
                                 struct fault *fault)
{
    struct cable_sites link = {.ours = sites[END_A].route,
                               .peer = sites[END_B].route,
                               .ours_fd = sites[END_A].namespace_fd,
                               .peer_fd = sites[END_B].namespace_fd};
    bool wired = lab->options->between || lab->options->wire != NULL;
    int wire_fd = -1;
    enum status s = wired ? prepare_wire(&link.wire, &wire_fd, fault) : STATUS_OK;
    if (s == STATUS_OK)
        s = cable_open(&link, lab->options->v6, fault);
    if (s == STATUS_OK)
        s = start_wire(lab, wire_fd, link.ours_fd, fault);
    nl_socket_free(link.wire);
    close_if_open(wire_fd);
    return s;
}

/* Our parent has died or has done with us. What our kernel still has to get through to the other
 * end, which may be gone, keeps this namespace for up to 100 s if it is a socket that was closed:
 * tcp(7), tcp_orphan_retries. Now it gives up within a second. */
__attribute__((noreturn)) static void leave(void)
{
    /* Root by name alone may not write where root is an ordinary user's user namespace's. */
    (void)child_administer(true);
    (void)namespace_sysctl("net.ipv4.tcp_orphan_retries=1", NULL); /* or the 100 s remain */
    _exit(0);
}

/* From now on the signal waits for whom it was sent to to look, whatever our caller did with it. */
static bool hold_signal(sigset_t *leaving)
{
    return sigemptyset(leaving) == 0 && sigaddset(leaving, SIGTERM) == 0 &&
           sigprocmask(SIG_BLOCK, leaving, NULL) == 0;
}

/* The peer: a process in its own network namespace that runs one application, and lives exactly as
 * long as ours does. */
static void serve(void *arg, int ready)
{
    const struct site *site = arg;
    const struct fault nothing_to_say = {""};
    int listener = site->listener, ctl = site->ctl;
    sigset_t leaving;
    struct server *server = server_new(&site->service);
    if (server == NULL || namespace_enter(site->namespace_fd, NULL) != STATUS_OK ||
        !child_drop_privileges() || privilege_drop(PRIVILEGE_OF_PEER, NULL) != STATUS_OK ||
        !hold_signal(&leaving) || !child_is_ready(ready))
        child_failed(ready, &nothing_to_say);
    (void)prctl(PR_SET_NAME, "tcpshake-peer", 0, 0, 0);
    child_shed((int *const[]){&ctl, &listener}, 2);
    int told = signalfd(-1, &leaving, SFD_CLOEXEC);
    if (told < 0) /* then it ends us without a last act */
        (void)sigprocmask(SIG_UNBLOCK, &leaving, NULL);
    server_run(server, listener, ctl, told);
    leave();
}

static enum status start_side(struct lab *lab, enum end side, struct site *site,
                              struct fault *fault)
{
    struct lab_end *end = &lab->end[side];
    if (!is_kernel(lab->options, side))
        return STATUS_OK;
    enum status s = ctl_open(&end->ctl, &site->ctl, fault);
    return s == STATUS_OK ? child_start(serve, site, "the lab's peer", &end->child, fault) : s;
}

static enum status build(struct lab *lab, struct site sites[SIDES], struct fault *fault)
{
    enum status s = namespace_become_able(fault);
    if (s == STATUS_OK)
        s = prepare_side(lab, END_B, &sites[END_B], fault);
    if (s == STATUS_OK)
        s = prepare_side(lab, END_A, &sites[END_A], fault);
    if (s == STATUS_OK)
        s = connect_sides(lab, sites, fault);
    for (enum end side = END_A; s == STATUS_OK && side <= END_B; side++)
        s = start_side(lab, side, &sites[side], fault);
    return s;
}

static void leave_site(struct site *site)
{
    nl_socket_free(site->route);
    close_if_open(site->listener);
    close_if_open(site->ctl);
    close_if_open(site->namespace_fd);
}

/* Who is where and runs what. */
static enum status plan(struct lab *lab, const struct lab_options *options,
                        struct site sites[SIDES], struct fault *fault)
{
    const struct app *acts;
    enum status s = check_options(options, &lab->app, fault);
    if (s == STATUS_OK)
        s = conn_app_find("cue", &acts, fault);
    if (s != STATUS_OK)
        return s;
    for (size_t i = 0; i < options->sysctl_count; i++)
        lab->keeps_no_entry |= strcmp(options->sysctls[i], "net.ipv4.tcp_syncookies=2") == 0;
    lab->options = options;
    lab->backlog = options->backlog;
    lab->end[END_B].at = (struct endpoint){.ip = cable_address(CABLE_PEER, options->v6),
                                           .port = lab->app->shown.port};
    lab->end[END_A].at =
        (struct endpoint){.ip = cable_address(CABLE_OURS, options->v6), .port = OUR_PORT};
    sites[END_B].service =
        (struct service){.app = lab->app, .at = lab->end[END_B].at, .backlog = options->backlog};
    sites[END_A].service = (struct service){.app = acts, .at = lab->end[END_A].at};
    return STATUS_OK;
}

struct lab *lab_open(const struct lab_options *options, struct fault *fault)
{
    struct site sites[SIDES];
    struct lab *lab = fault_alloc(sizeof(*lab), fault);
    if (lab == NULL)
        return NULL;
    lab->wire.fd = lab->wire.child = -1;
    for (enum end side = END_A; side <= END_B; side++) {
        lab->end[side].truth.fd = lab->end[side].ctl.fd = -1;
        lab->end[side].child = -1;
        sites[side] = (struct site){.listener = -1, .ctl = -1, .namespace_fd = -1};
    }
    truth_meter_init(&lab->meter);
    enum status s = plan(lab, options, sites, fault);
    if (s == STATUS_OK)
        s = build(lab, sites, fault);
    for (enum end side = END_A; side <= END_B; side++)
        leave_site(&sites[side]);
    lab->options = NULL;
    if (s == STATUS_OK)
        return lab;
    lab_close(lab);
    return NULL;
}

void lab_close(struct lab *lab)
{
    if (lab == NULL)
        return;
    for (enum end side = END_A; side <= END_B; side++) {
        truth_close(&lab->end[side].truth);
        ctl_close(&lab->end[side].ctl);
        child_end(&lab->end[side].child);
    }
    truth_meter_close(&lab->meter);
    netem_wire_close(&lab->wire);
    free(lab);
}

const struct endpoint *lab_at(const struct lab *lab, enum end side)
{
    return &lab->end[side].at;
}

const char *lab_tap(enum end side)
{
    return cable_name(side == END_A ? CABLE_WIRE_A : CABLE_WIRE_B);
}

struct netem_wire *lab_wire(struct lab *lab)
{
    return lab->wire.fd >= 0 ? &lab->wire : NULL;
}

enum status lab_truth(struct lab *lab, enum end side, const struct endpoint *remote,
                      enum state *state, struct fault *fault)
{
    return truth_read(&lab->end[side].truth, &lab->end[side].at, remote, state, fault);
}

enum status lab_call(struct lab *lab, enum end side, enum call call, const struct endpoint *remote,
                     const void *data, size_t n, struct fault *fault)
{
    struct ctl_order order = {.what = call};
    if (!ctl_is_general(call))
        order.remote = *remote;
    if (call == CALL_SEND || call == CALL_SET)
        order.n = n;
    return ctl_give(&lab->end[side].ctl, order, data, fault);
}

int lab_saw(struct lab *lab, enum end side)
{
    return ctl_ask(&lab->end[side].ctl, (struct ctl_order){.what = CALL_STATUS}, NULL);
}

int lab_backlog(const struct lab *lab)
{
    return lab->backlog;
}

struct in6_addr lab_crowd(const struct lab *lab)
{
    return cable_crowd(!address_is_v4(&lab->end[END_B].at.ip));
}

enum status lab_queues(struct lab *lab, struct queues *q, struct fault *fault)
{
    struct lab_end *end = &lab->end[END_B];
    *q = (struct queues){0};
    enum status s = truth_queues(&end->truth, &end->at, q, fault);
    return s == STATUS_OK ? truth_meter_read(&lab->meter, q, fault) : s;
}

bool lab_keeps_no_entry(const struct lab *lab)
{
    return lab->keeps_no_entry;
}
