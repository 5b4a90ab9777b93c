/* The asker's side: see resolver.h. What is outstanding is known here too, so that a question is
 * answered even if the process that was asked is no more. */
#include "net/resolver.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/resolve.h"
#include "net/resolver_child.h"

struct resolver {
    int fd;
    pid_t pid;
    bool dead; /* the process is */
    size_t outstanding;
    uint64_t ids[RESOLVER_OUTSTANDING];
};

static const struct resolver_config standard = {resolve_name, 10 * CLOCK_S};

struct resolver *resolver_open(const struct resolver_config *config, struct fault *fault)
{
    int ends[2];
    struct resolver *r = calloc(1, sizeof(*r));
    if (r == NULL) {
        (void)fault_set(fault, STATUS_NO_MEMORY, "out of memory");
        return NULL;
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        (void)fault_set(fault, STATUS_SYSTEM, "socketpair: %s", strerror(errno));
        free(r);
        return NULL;
    }
    r->fd = ends[0];
    r->pid = fork();
    if (r->pid == 0) {
        (void)close(ends[0]);
        resolver_child_run(ends[1], config != NULL ? config : &standard);
    }
    (void)close(ends[1]);
    if (r->pid < 0) {
        (void)fault_set(fault, STATUS_SYSTEM, "cannot start the resolver: %s", strerror(errno));
        (void)close(r->fd);
        free(r);
        return NULL;
    }
    return r;
}

void resolver_close(struct resolver *r)
{
    if (r == NULL)
        return;
    /* Closing would not do if another process had our end too. */
    (void)!send(r->fd, "", 0, MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)close(r->fd);
    while (waitpid(r->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    free(r);
}

int resolver_fd(const struct resolver *r)
{
    return r->fd;
}

bool resolver_ask(struct resolver *r, uint64_t id, const char *name, int family)
{
    struct resolver_question question = {.id = id, .family = family};
    if (r->outstanding == RESOLVER_OUTSTANDING)
        return false;
    (void)snprintf(question.name, sizeof(question.name), "%s", name);
    while (!r->dead && send(r->fd, &question, sizeof(question), MSG_NOSIGNAL) < 0)
        r->dead = errno != EINTR;
    r->ids[r->outstanding++] = id;
    return true;
}

static bool settle(struct resolver *r, uint64_t id)
{
    for (size_t i = 0; i < r->outstanding; i++) {
        if (r->ids[i] == id) {
            r->ids[i] = r->ids[--r->outstanding];
            return true;
        }
    }
    return false;
}

bool resolver_take(struct resolver *r, uint64_t *id, struct in6_addr *ip,
                   char reason[RESOLVER_REASON_MAX])
{
    struct resolver_answer answer;
    while (r->outstanding != 0) {
        ssize_t n = recv(r->fd, &answer, sizeof(answer), MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN && !r->dead)
            return false;
        if (n != (ssize_t)sizeof(answer)) {
            r->dead = true;
            answer = (struct resolver_answer){.id = r->ids[0], .reason = "the resolver has died"};
        }
        if (!settle(r, answer.id))
            continue;
        *id = answer.id;
        *ip = answer.ip;
        answer.reason[sizeof(answer.reason) - 1] = '\0';
        memcpy(reason, answer.reason, RESOLVER_REASON_MAX);
        return true;
    }
    return false;
}
