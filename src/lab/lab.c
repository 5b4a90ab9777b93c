/* Puts the lab together: see lab.h. One process passes through the network namespaces, leaves
 * sockets in each, and ends in ours (or the wire's); no step needs another process, and a death at
 * any moment closes what there is. */
#include "lab/lab.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/app.h"
#include "lab/cue.h"
#include "lab/host.h"
#include "lab/link.h"
#include "lab/meter.h"
#include "lab/namespace.h"
#include "lab/server.h"
#include "lab/truth.h"

enum {
    SIDES = LAB_PEER + 1,
    OUR_PORT = 5006, /* beside those of the apps */
};

/* One side's kernel. */
struct end {
    struct endpoint at;
    struct truth truth;
    struct cue cue;
    pid_t child;
};

struct lab {
    const struct lab_options *options; /* during lab_open */
    const struct app *app;
    struct end end[SIDES];
    struct meter meter; /* the peer's */
    int backlog;
    struct wire wire;
    bool keeps_no_entry;
};

/* What is another namespace's, and ours only for the time of construction. */
struct site {
    struct host_config host;
    struct nl_sock *route;
};

const struct lab_app *lab_app_at(size_t i)
{
    const struct app *app = app_at(i);
    return app != NULL ? &app->shown : NULL;
}

static enum status check_options(const struct lab_options *options, const struct app **app,
                                 struct fault *fault)
{
    enum status s = app_find(options->app, app, fault);
    for (size_t i = 0; s == STATUS_OK && i < options->sysctl_count; i++)
        s = namespace_sysctl_check(options->sysctls[i], fault);
    return s;
}

/* The lab works without the truth. A kernel that cannot tell it answers as it does for a connection
 * that does not exist, so we ask for one whose state we know. */
static void open_truth(struct end *end, const struct in6_addr *other, int listener)
{
    const struct endpoint stranger = {.ip = *other, .port = 1};
    enum state s = STATE_LISTEN;
    if (truth_open(&end->truth, NULL) != STATUS_OK)
        return;
    if (listener >= 0 &&
        (truth_read(&end->truth, &end->at, &stranger, &s, NULL) != STATUS_OK || s != STATE_LISTEN))
        truth_close(&end->truth);
}

static bool is_kernel(const struct lab_options *options, enum lab_side side)
{
    return side == LAB_PEER || options->between;
}

static enum status apply_sysctls(const struct lab_options *options, struct fault *fault)
{
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < options->sysctl_count; i++)
        s = namespace_sysctl(options->sysctls[i], fault);
    return s;
}

/* The namespace of a side, and what its kernel needs there. */
static enum status prepare_side(struct lab *lab, enum lab_side side, struct site *site,
                                struct fault *fault)
{
    struct end *end = &lab->end[side];
    enum status s = namespace_new_net(&site->host.namespace_fd, fault);
    if (s == STATUS_OK && (site->route = link_socket_new(fault)) == NULL)
        s = STATUS_SYSTEM;
    if (s != STATUS_OK || !is_kernel(lab->options, side))
        return s;
    s = apply_sysctls(lab->options, fault);
    if (s == STATUS_OK && side == LAB_PEER)
        s = server_listen(&site->host.service, &site->host.listener, fault);
    if (s == STATUS_OK)
        open_truth(end, &lab->end[side == LAB_PEER ? LAB_OURS : LAB_PEER].at.ip,
                   site->host.listener);
    if (s == STATUS_OK && side == LAB_PEER && lab->app->waits)
        s = meter_open(&lab->meter, fault);
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
    *route = link_socket_new(fault);
    return *route != NULL ? STATUS_OK : STATUS_SYSTEM;
}

/* Back to our side, where a wire has a process of its own. */
static enum status start_wire(struct lab *lab, int wire_fd, int ours_fd, struct fault *fault)
{
    if (lab->options->wire == NULL)
        return STATUS_OK;
    enum status s = wire_start(&lab->wire, lab->options->wire, wire_fd, link_name(LINK_WIRE_A),
                               link_name(LINK_WIRE_B), fault);
    return s == STATUS_OK ? namespace_enter(ours_fd, fault) : s;
}

static enum status connect_sides(struct lab *lab, const struct site sites[SIDES],
                                 struct fault *fault)
{
    struct link_sites link = {.ours = sites[LAB_OURS].route,
                              .peer = sites[LAB_PEER].route,
                              .ours_fd = sites[LAB_OURS].host.namespace_fd,
                              .peer_fd = sites[LAB_PEER].host.namespace_fd};
    bool wired = lab->options->between || lab->options->wire != NULL;
    int wire_fd = -1;
    enum status s = wired ? prepare_wire(&link.wire, &wire_fd, fault) : STATUS_OK;
    if (s == STATUS_OK)
        s = link_open(&link, lab->options->v6, fault);
    if (s == STATUS_OK)
        s = start_wire(lab, wire_fd, link.ours_fd, fault);
    link_socket_free(link.wire);
    close_if_open(wire_fd);
    return s;
}

static enum status start_side(struct lab *lab, enum lab_side side, struct site *site,
                              struct fault *fault)
{
    struct end *end = &lab->end[side];
    if (!is_kernel(lab->options, side))
        return STATUS_OK;
    enum status s = cue_open(&end->cue, &site->host.cue, fault);
    return s == STATUS_OK ? host_start(&site->host, &end->child, fault) : s;
}

static enum status build(struct lab *lab, struct site sites[SIDES], struct fault *fault)
{
    enum status s = namespace_become_able(fault);
    if (s == STATUS_OK)
        s = prepare_side(lab, LAB_PEER, &sites[LAB_PEER], fault);
    if (s == STATUS_OK)
        s = prepare_side(lab, LAB_OURS, &sites[LAB_OURS], fault);
    if (s == STATUS_OK)
        s = connect_sides(lab, sites, fault);
    for (enum lab_side side = LAB_OURS; s == STATUS_OK && side <= LAB_PEER; side++)
        s = start_side(lab, side, &sites[side], fault);
    return s;
}

static void leave_site(struct site *site)
{
    link_socket_free(site->route);
    close_if_open(site->host.listener);
    close_if_open(site->host.cue);
    close_if_open(site->host.namespace_fd);
}

/* Who is where and runs what. */
static enum status plan(struct lab *lab, const struct lab_options *options,
                        struct site sites[SIDES], struct fault *fault)
{
    const struct app *acts;
    enum status s = check_options(options, &lab->app, fault);
    if (s == STATUS_OK)
        s = app_find("cue", &acts, fault);
    if (s != STATUS_OK)
        return s;
    for (size_t i = 0; i < options->sysctl_count; i++)
        lab->keeps_no_entry |= strcmp(options->sysctls[i], "net.ipv4.tcp_syncookies=2") == 0;
    lab->options = options;
    lab->backlog = options->backlog;
    lab->end[LAB_PEER].at =
        (struct endpoint){.ip = link_address(LINK_PEER, options->v6), .port = lab->app->shown.port};
    lab->end[LAB_OURS].at =
        (struct endpoint){.ip = link_address(LINK_OURS, options->v6), .port = OUR_PORT};
    sites[LAB_PEER].host.service =
        (struct service){.app = lab->app, .at = lab->end[LAB_PEER].at, .backlog = options->backlog};
    sites[LAB_OURS].host.service = (struct service){.app = acts, .at = lab->end[LAB_OURS].at};
    return STATUS_OK;
}

struct lab *lab_open(const struct lab_options *options, struct fault *fault)
{
    struct site sites[SIDES];
    struct lab *lab = calloc(1, sizeof(*lab));
    if (lab == NULL) {
        fault_set(fault, STATUS_NO_MEMORY, "out of memory");
        return NULL;
    }
    lab->wire.fd = lab->wire.child = -1;
    for (enum lab_side side = LAB_OURS; side <= LAB_PEER; side++) {
        lab->end[side].truth.fd = lab->end[side].cue.fd = -1;
        lab->end[side].child = -1;
        sites[side] = (struct site){.host = {.listener = -1, .cue = -1, .namespace_fd = -1}};
    }
    meter_init(&lab->meter);
    enum status s = plan(lab, options, sites, fault);
    if (s == STATUS_OK)
        s = build(lab, sites, fault);
    for (enum lab_side side = LAB_OURS; side <= LAB_PEER; side++)
        leave_site(&sites[side]);
    lab->options = NULL;
    if (s == STATUS_OK)
        return lab;
    lab_close(lab);
    return NULL;
}

static void end_child(pid_t child)
{
    /* Not waited for if the signal could not be sent (by seccomp's will): it dies when we do. */
    if (child > 0 && kill(child, SIGTERM) == 0) {
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
            ;
    }
}

void lab_close(struct lab *lab)
{
    if (lab == NULL)
        return;
    for (enum lab_side side = LAB_OURS; side <= LAB_PEER; side++) {
        truth_close(&lab->end[side].truth);
        cue_close(&lab->end[side].cue);
        end_child(lab->end[side].child);
    }
    meter_close(&lab->meter);
    wire_close(&lab->wire);
    free(lab);
}

const struct endpoint *lab_at(const struct lab *lab, enum lab_side side)
{
    return &lab->end[side].at;
}

const char *lab_tap(enum lab_side side)
{
    return link_name(side == LAB_OURS ? LINK_WIRE_A : LINK_WIRE_B);
}

struct wire *lab_wire(struct lab *lab)
{
    return lab->wire.fd >= 0 ? &lab->wire : NULL;
}

enum status lab_truth(struct lab *lab, enum lab_side side, const struct endpoint *remote,
                      enum state *state, struct fault *fault)
{
    return truth_read(&lab->end[side].truth, &lab->end[side].at, remote, state, fault);
}

enum status lab_cue(struct lab *lab, enum lab_side side, enum lab_cue cue,
                    const struct endpoint *remote, const void *data, size_t n, struct fault *fault)
{
    struct cue_order order = {.what = cue};
    if (!cue_is_general(cue))
        order.remote = *remote;
    if (cue == LAB_CUE_SAY || cue == LAB_CUE_SET)
        order.n = n;
    return cue_give(&lab->end[side].cue, order, data, fault);
}

int lab_saw(struct lab *lab, enum lab_side side)
{
    return cue_ask(&lab->end[side].cue, (struct cue_order){.what = LAB_CUE_SAW}, NULL);
}

int lab_backlog(const struct lab *lab)
{
    return lab->backlog;
}

struct in6_addr lab_crowd(const struct lab *lab)
{
    return link_crowd(!address_is_v4(&lab->end[LAB_PEER].at.ip));
}

enum status lab_queues(struct lab *lab, struct queues *q, struct fault *fault)
{
    struct end *end = &lab->end[LAB_PEER];
    *q = (struct queues){0};
    enum status s = truth_queues(&end->truth, &end->at, q, fault);
    return s == STATUS_OK ? meter_read(&lab->meter, q, fault) : s;
}

bool lab_keeps_no_entry(const struct lab *lab)
{
    return lab->keeps_no_entry;
}
