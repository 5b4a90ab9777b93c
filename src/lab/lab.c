/* Puts the lab together: see lab.h. One process passes through the peer's network namespace, where
 * it leaves sockets, into ours; no step needs another process, and a death at any moment closes
 * what there is. */
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
#include "lab/namespace.h"
#include "lab/server.h"
#include "lab/truth.h"

struct lab {
    const struct app *app;
    struct endpoint peer;
    struct truth truth;
    struct cue cue;
    pid_t child;
    bool keeps_no_entry;
};

/* What is the peer's, and ours only for the time of construction. */
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
static void open_truth(struct lab *lab, int listener)
{
    const struct endpoint stranger = {.ip = link_address(LINK_OURS, !address_is_v4(&lab->peer.ip)),
                                      .port = 1};
    enum state s = STATE_LISTEN;
    if (truth_open(&lab->truth, NULL) != STATUS_OK)
        return;
    if (listener >= 0 && (truth_read(&lab->truth, &lab->peer, &stranger, &s, NULL) != STATUS_OK ||
                          s != STATE_LISTEN))
        truth_close(&lab->truth);
}

static enum status prepare_peer(struct lab *lab, const struct lab_options *options,
                                struct site *site, struct fault *fault)
{
    enum status s = namespace_new_net(&site->host.namespace_fd, fault);
    for (size_t i = 0; s == STATUS_OK && i < options->sysctl_count; i++)
        s = namespace_sysctl(options->sysctls[i], fault);
    if (s == STATUS_OK)
        s = server_listen(&site->host.service, &site->host.listener, fault);
    if (s == STATUS_OK && (site->route = link_socket_new(fault)) == NULL)
        s = STATUS_SYSTEM;
    if (s == STATUS_OK)
        open_truth(lab, site->host.listener);
    return s;
}

static enum status connect_us(const struct site *site, bool v6, struct fault *fault)
{
    enum status s = namespace_new_net(NULL, fault);
    if (s != STATUS_OK)
        return s;
    struct nl_sock *ours = link_socket_new(fault);
    if (ours == NULL)
        return STATUS_SYSTEM;
    s = link_open(ours, site->route, site->host.namespace_fd, v6, fault);
    link_socket_free(ours);
    return s;
}

static void close_if_open(int fd)
{
    if (fd >= 0)
        close(fd);
}

static enum status build(struct lab *lab, const struct lab_options *options, struct fault *fault)
{
    struct site site = {.host = {.listener = -1, .cue = -1, .namespace_fd = -1}};
    enum status s = check_options(options, &lab->app, fault);
    if (s != STATUS_OK)
        return s;
    for (size_t i = 0; i < options->sysctl_count; i++)
        lab->keeps_no_entry |= strcmp(options->sysctls[i], "net.ipv4.tcp_syncookies=2") == 0;
    lab->peer =
        (struct endpoint){.ip = link_address(LINK_PEER, options->v6), .port = lab->app->shown.port};
    site.host.service =
        (struct service){.app = lab->app, .at = lab->peer, .backlog = options->backlog};
    s = namespace_become_able(fault);
    if (s == STATUS_OK)
        s = prepare_peer(lab, options, &site, fault);
    if (s == STATUS_OK)
        s = connect_us(&site, options->v6, fault);
    if (s == STATUS_OK)
        s = cue_open(&lab->cue, &site.host.cue, fault);
    if (s == STATUS_OK)
        s = host_start(&site.host, &lab->child, fault);
    link_socket_free(site.route);
    close_if_open(site.host.listener);
    close_if_open(site.host.cue);
    close_if_open(site.host.namespace_fd);
    return s;
}

struct lab *lab_open(const struct lab_options *options, struct fault *fault)
{
    struct lab *lab = calloc(1, sizeof(*lab));
    if (lab == NULL) {
        fault_set(fault, STATUS_NO_MEMORY, "out of memory");
        return NULL;
    }
    lab->truth.fd = lab->cue.fd = -1;
    lab->child = -1;
    if (build(lab, options, fault) == STATUS_OK)
        return lab;
    lab_close(lab);
    return NULL;
}

void lab_close(struct lab *lab)
{
    if (lab == NULL)
        return;
    truth_close(&lab->truth);
    cue_close(&lab->cue);
    /* Not waited for if the signal could not be sent (by seccomp's will): it dies when we do. */
    if (lab->child > 0 && kill(lab->child, SIGTERM) == 0) {
        while (waitpid(lab->child, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    free(lab);
}

const struct endpoint *lab_peer(const struct lab *lab)
{
    return &lab->peer;
}

enum status lab_truth(struct lab *lab, const struct endpoint *ours, enum state *state,
                      struct fault *fault)
{
    return truth_read(&lab->truth, &lab->peer, ours, state, fault);
}

enum status lab_cue(struct lab *lab, enum lab_cue cue, const struct endpoint *ours,
                    const void *data, size_t n, struct fault *fault)
{
    struct cue_order order = {.what = cue};
    if (cue != LAB_CUE_LISTEN && cue != LAB_CUE_LISTEN_NOT)
        order.ours = *ours;
    if (cue == LAB_CUE_SAY)
        order.n = n;
    return cue_give(&lab->cue, order, data, fault);
}

bool lab_keeps_no_entry(const struct lab *lab)
{
    return lab->keeps_no_entry;
}
