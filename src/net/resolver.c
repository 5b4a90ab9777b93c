/* The process that looks names up first, then the asker's side. What is outstanding is known to the
 * asker too, so that a question is answered even if the process that was asked is no more.
 *
 * getaddrinfo cannot be told when to give up, so a look-up that outlasts our patience is answered
 * for and left alone: its thread counts as busy until it comes back, and what it then says is of no
 * interest. */
#include "net/resolver.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/loop.h"
#include "net/privilege.h"
#include "wire/address.h"

/* One packet each; zeroed first, as both cross a process boundary whole. */
struct resolver_question {
    uint64_t id;
    int32_t family;
    bool service; /* the name is a service's */
    char name[RESOLVER_NAME_MAX];
};

struct resolver_answer {
    uint64_t id;
    struct in6_addr ip;
    uint32_t scope_id;
    uint16_t port;                    /* of a service */
    char reason[RESOLVER_REASON_MAX]; /* empty: that is it */
};

/* ---- what looks up ---- */

/* A name's first address. */
static enum status look_up_name(const char *host, int family, struct in6_addr *ip,
                                uint32_t *scope_id, struct fault *fault)
{
    /* With no family asked for, one that this host cannot use would only be in the way. */
    struct addrinfo hints = {.ai_family = family,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = family == AF_UNSPEC ? AI_ADDRCONFIG : 0};
    struct addrinfo *list = NULL;
    int error = getaddrinfo(host, NULL, &hints, &list);
    if (error != 0)
        return fault_set(fault, STATUS_SYSTEM, "%s",
                         error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error));
    *scope_id = 0;
    *ip = endpoint_of_sockaddr(list->ai_addr).ip;
    if (IN6_IS_ADDR_LINKLOCAL(ip)) {
        struct sockaddr_in6 sin6;
        memcpy(&sin6, list->ai_addr, sizeof(sin6));
        *scope_id = sin6.sin6_scope_id;
    }
    freeaddrinfo(list);
    return STATUS_OK;
}

static enum status look_up_service(const char *name, uint16_t *port, struct fault *fault)
{
    struct servent service, *found = NULL;
    char room[1024];
    if (getservbyname_r(name, "tcp", &service, room, sizeof(room), &found) != 0 || found == NULL)
        return fault_set(fault, STATUS_SYSTEM, "no such service");
    *port = ntohs((uint16_t)service.s_port);
    return STATUS_OK;
}

/* ---- the process ---- */

enum {
    STACK_OCTETS = 1 << 19,
    LOOKS_WITHIN_PATIENCE = 20,
    QUEUE_PATIENCES = 4 /* a question waits for a thread as long as that */
};

enum job_state {
    JOB_FREE,
    JOB_QUEUED,
    JOB_RUNNING
};

struct job {
    enum job_state state;
    uint64_t turn;    /* of the question: which of two is older, and whether it is still the same */
    int64_t since_ns; /* of the state */
    struct resolver_question question;
};

struct pool {
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t wake;
    struct job jobs[RESOLVER_OUTSTANDING];
    unsigned threads, idle;
    uint64_t turns;
    int fd;
    const struct resolver_config *config;
};

/* The asker has room for as many answers as it may ask questions. */
static void send_answer(const struct pool *p, const struct resolver_answer *answer)
{
    if (send(p->fd, answer, sizeof(*answer), MSG_NOSIGNAL) < 0)
        _exit(0); /* nobody is there */
}

static void send_failure(const struct pool *p, uint64_t id, const char *reason)
{
    struct resolver_answer answer = {.id = id};
    (void)snprintf(answer.reason, sizeof(answer.reason), "%s", reason);
    send_answer(p, &answer);
}

static struct job *oldest_queued(struct pool *p)
{
    struct job *oldest = NULL;
    for (struct job *j = p->jobs; j < p->jobs + RESOLVER_OUTSTANDING; j++) {
        if (j->state == JOB_QUEUED && (oldest == NULL || j->turn < oldest->turn))
            oldest = j;
    }
    return oldest;
}

static struct resolver_answer look_up(const struct pool *p, const struct resolver_question *q)
{
    struct resolver_answer answer = {.id = q->id};
    struct fault fault = {""};
    enum status s =
        q->service ? look_up_service(q->name, &answer.port, &fault)
                   : p->config->look_up(q->name, q->family, &answer.ip, &answer.scope_id, &fault);
    if (s != STATUS_OK)
        (void)snprintf(answer.reason, sizeof(answer.reason), "%s",
                       fault.text[0] != '\0' ? fault.text : "no reason given");
    return answer;
}

/* A thread: the oldest question, again and again. */
static void *work(void *arg)
{
    struct pool *p = arg;
    (void)pthread_mutex_lock(&p->lock);
    for (;;) {
        struct job *job = oldest_queued(p);
        if (job == NULL) {
            p->idle++;
            (void)pthread_cond_wait(&p->wake, &p->lock);
            p->idle--;
            continue;
        }
        struct resolver_question question = job->question;
        uint64_t turn = job->turn;
        job->state = JOB_RUNNING;
        job->since_ns = loop_clock(CLOCK_MONOTONIC);
        (void)pthread_mutex_unlock(&p->lock);
        struct resolver_answer answer = look_up(p, &question);
        (void)pthread_mutex_lock(&p->lock);
        if (job->state == JOB_RUNNING && job->turn == turn) {
            job->state = JOB_FREE;
            send_answer(p, &answer);
        }
    }
    return NULL;
}

static bool add_thread(struct pool *p)
{
    pthread_attr_t attr;
    pthread_t thread;
    if (pthread_attr_init(&attr) != 0)
        return false;
    bool started = pthread_attr_setstacksize(&attr, STACK_OCTETS) == 0 &&
                   pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED) == 0 &&
                   pthread_create(&thread, &attr, work, p) == 0;
    (void)pthread_attr_destroy(&attr);
    p->threads += started;
    return started;
}

static void add_job(struct pool *p, const struct resolver_question *question)
{
    struct job *job = p->jobs;
    while (job < p->jobs + RESOLVER_OUTSTANDING && job->state != JOB_FREE)
        job++;
    if (job == p->jobs + RESOLVER_OUTSTANDING) { /* not by our asker */
        send_failure(p, question->id, "too many names at once");
        return;
    }
    if (p->idle == 0 && p->threads < RESOLVER_AT_ONCE && !add_thread(p) && p->threads == 0) {
        send_failure(p, question->id, "no thread can be started");
        return;
    }
    *job = (struct job){JOB_QUEUED, p->turns++, loop_clock(CLOCK_MONOTONIC), *question};
    (void)pthread_cond_signal(&p->wake);
}

/* Answers for those that took too long; whether any others are left. */
static bool expire(struct pool *p)
{
    int64_t at = loop_clock(CLOCK_MONOTONIC), patience = p->config->patience_ns;
    bool left = false;
    for (struct job *j = p->jobs; j < p->jobs + RESOLVER_OUTSTANDING; j++) {
        int64_t most = j->state == JOB_QUEUED ? QUEUE_PATIENCES * patience : patience;
        if (j->state != JOB_FREE && at - j->since_ns >= most) {
            send_failure(p, j->question.id,
                         j->state == JOB_QUEUED ? "the resolver is stuck" : "no answer in time");
            j->state = JOB_FREE;
        }
        left = left || j->state != JOB_FREE;
    }
    return left;
}

__attribute__((noreturn)) static void serve(struct pool *p)
{
    const int look_ms = (int)(p->config->patience_ns / LOOKS_WITHIN_PATIENCE / CLOCK_MS) + 1;
    for (;;) {
        struct pollfd ready = {.fd = p->fd, .events = POLLIN};
        struct resolver_question question;
        (void)pthread_mutex_lock(&p->lock);
        bool left = expire(p);
        (void)pthread_mutex_unlock(&p->lock);
        if (poll(&ready, 1, left ? look_ms : -1) <= 0)
            continue;
        ssize_t n = recv(p->fd, &question, sizeof(question), MSG_DONTWAIT);
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n != (ssize_t)sizeof(question))
            _exit(0); /* the threads with it */
        question.name[sizeof(question.name) - 1] = '\0';
        (void)pthread_mutex_lock(&p->lock);
        add_job(p, &question);
        (void)pthread_mutex_unlock(&p->lock);
    }
}

/* Keeps the socket and nothing else; the standard descriptors are /dev/null. */
static int shed(int fd)
{
    const int kept = STDERR_FILENO + 1;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    fd = fcntl(fd, F_DUPFD_CLOEXEC, kept + 1); /* out of the way */
    for (int i = STDIN_FILENO; null >= 0 && i <= STDERR_FILENO; i++)
        (void)dup2(null, i);
    fd = fd >= 0 ? dup3(fd, kept, O_CLOEXEC) : -1;
    (void)close_range((unsigned)kept + 1, ~0u, 0);
    return fd;
}

/* A Ctrl-C is for the asker, whose end is ours. Nothing is written, not even a core. */
static bool settle_down(void)
{
    const struct rlimit none = {0, 0};
    sigset_t blocked;
    return sigemptyset(&blocked) == 0 && sigprocmask(SIG_SETMASK, &blocked, NULL) == 0 &&
           signal(SIGTERM, SIG_DFL) != SIG_ERR && signal(SIGPIPE, SIG_IGN) != SIG_ERR &&
           signal(SIGXFSZ, SIG_IGN) != SIG_ERR && setsid() >= 0 &&
           prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 && chdir("/") == 0 &&
           setrlimit(RLIMIT_CORE, &none) == 0 && setrlimit(RLIMIT_FSIZE, &none) == 0;
}

/* Answers what is asked over `fd`, a SOCK_SEQPACKET socket, until that is closed or an empty packet
 * comes. */
__attribute__((noreturn)) static void answer_all(int fd, const struct resolver_config *config)
{
    /* On the heap, as the threads outlive this call in all but name. */
    struct pool *p = calloc(1, sizeof(*p));
    privilege_become_nobody(); /* first: it clears what is to happen when the asker dies */
    if (p == NULL || !settle_down())
        _exit(1);
    p->fd = shed(fd);
    if (privilege_drop(PRIVILEGE_OF_LOOKUPS, NULL) != STATUS_OK)
        _exit(1);
    p->config = config;
    if (p->fd < 0 || pthread_mutex_init(&p->lock, NULL) != 0 ||
        pthread_cond_init(&p->wake, NULL) != 0)
        _exit(1);
    serve(p);
}

/* ---- the asker ---- */

struct resolver {
    int fd;
    pid_t pid;
    bool dead; /* the process is */
    size_t outstanding;
    uint64_t ids[RESOLVER_OUTSTANDING];
};

static const struct resolver_config standard = {look_up_name, 10 * CLOCK_S};
/* Of one name, with nobody waiting: at the system's own pace. */
static const struct resolver_config patient = {look_up_name, CLOCK_MIN};

struct resolver *resolver_open(const struct resolver_config *config, struct fault *fault)
{
    int ends[2];
    struct resolver *r = fault_alloc(sizeof(*r), fault);
    if (r == NULL)
        return NULL;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        (void)fault_set(fault, STATUS_SYSTEM, "socketpair: %s", strerror(errno));
        free(r);
        return NULL;
    }
    r->fd = ends[0];
    r->pid = fork();
    if (r->pid == 0) {
        (void)close(ends[0]);
        answer_all(ends[1], config != NULL ? config : &standard);
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
    struct resolver_answer answer = {0};
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
        if (answer.scope_id != 0 && answer.reason[0] == '\0')
            (void)snprintf(answer.reason, sizeof(answer.reason), "its address is link local");
        memcpy(reason, answer.reason, RESOLVER_REASON_MAX);
        return true;
    }
    return false;
}

/* ---- one name ---- */

static enum status ask_once(const struct resolver_question *question,
                            struct resolver_answer *answer, struct fault *fault)
{
    struct resolver *r = resolver_open(&patient, fault);
    ssize_t n = -1;
    if (r == NULL)
        return STATUS_SYSTEM;
    if (send(r->fd, question, sizeof(*question), MSG_NOSIGNAL) == (ssize_t)sizeof(*question)) {
        do
            n = recv(r->fd, answer, sizeof(*answer), 0);
        while (n < 0 && errno == EINTR);
    }
    resolver_close(r);
    if (n != (ssize_t)sizeof(*answer))
        return fault_set(fault, STATUS_SYSTEM, "the resolver has died");
    answer->reason[sizeof(answer->reason) - 1] = '\0';
    return answer->reason[0] == '\0' ? STATUS_OK
                                     : fault_set(fault, STATUS_SYSTEM, "%s", answer->reason);
}

enum status resolver_name(const char *host, int family, struct in6_addr *ip, uint32_t *scope_id,
                          struct fault *fault)
{
    struct resolver_question question = {.family = family};
    struct resolver_answer answer = {0};
    (void)snprintf(question.name, sizeof(question.name), "%s", host);
    enum status s = ask_once(&question, &answer, fault);
    if (s != STATUS_OK)
        return s;
    *ip = answer.ip;
    *scope_id = answer.scope_id;
    return STATUS_OK;
}

bool resolver_service(const char *name, uint16_t *port)
{
    struct resolver_question question = {.service = true};
    struct resolver_answer answer = {0};
    struct fault ignored;
    (void)snprintf(question.name, sizeof(question.name), "%s", name);
    bool found = ask_once(&question, &answer, &ignored) == STATUS_OK;
    if (found)
        *port = answer.port;
    return found;
}
