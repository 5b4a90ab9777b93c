/* See child.h. */
#include "lab/child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* A session of its own: a Ctrl-C is for the starter, whose death is what ends us. */
static bool settle(void)
{
    return setsid() >= 0 && signal(SIGPIPE, SIG_IGN) != SIG_ERR &&
           signal(SIGTERM, SIG_DFL) != SIG_ERR && prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) == 0 &&
           chdir("/") == 0;
}

/* One octet of zero: ready. Text: why not. */
static ssize_t read_answer(int fd, char *out, size_t cap)
{
    ssize_t n;
    do
        n = read(fd, out, cap);
    while (n < 0 && errno == EINTR);
    return n;
}

bool child_is_ready(int ready)
{
    /* If our starter died before it was sure to take us along, the other end is closed. */
    bool awaited = write(ready, "", 1) == 1;
    (void)close(ready);
    return awaited;
}

void child_failed(int ready, const struct fault *fault)
{
    size_t n = strlen(fault->text);
    (void)!write(ready, fault->text, n);
    _exit(1);
}

enum status child_start(child_fn *live, void *arg, const char *who, pid_t *pid, struct fault *fault)
{
    int ready[2];
    struct fault said = {""};
    if (pipe2(ready, O_CLOEXEC) != 0)
        return fault_set(fault, STATUS_SYSTEM, "pipe: %s", strerror(errno));
    *pid = fork();
    if (*pid == 0) {
        (void)close(ready[0]);
        if (settle())
            live(arg, ready[1]);
        _exit(1);
    }
    int error = errno;
    (void)close(ready[1]);
    ssize_t n = *pid > 0 ? read_answer(ready[0], said.text, sizeof(said.text) - 1) : 0;
    (void)close(ready[0]);
    if (n == 1 && said.text[0] == '\0')
        return STATUS_OK;
    if (*pid < 0)
        return fault_set(fault, STATUS_SYSTEM, "cannot start %s: %s", who, strerror(error));
    (void)waitpid(*pid, NULL, 0);
    *pid = -1;
    if (said.text[0] != '\0')
        return fault_set(fault, STATUS_SYSTEM, "%s: %s", who, said.text);
    return fault_set(fault, STATUS_SYSTEM, "%s ended before it was ready", who);
}

void child_end(pid_t *pid)
{
    if (*pid > 0 && kill(*pid, SIGTERM) == 0) {
        while (waitpid(*pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    *pid = -1;
}

void child_shed(int *const kept[], size_t n)
{
    const int first = STDERR_FILENO + 1, free_from = first + (int)n;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (size_t i = 0; i < n; i++) /* out of each other's way */
        *kept[i] = *kept[i] >= 0 ? fcntl(*kept[i], F_DUPFD, free_from) : -1;
    for (int fd = STDIN_FILENO; null >= 0 && fd <= STDERR_FILENO; fd++)
        (void)dup2(null, fd);
    int used = first;
    for (size_t i = 0; i < n; i++) {
        if (*kept[i] >= 0)
            *kept[i] = dup2(*kept[i], used++);
    }
    (void)close_range((unsigned)used, ~0u, 0);
}

typedef struct __user_cap_data_struct capabilities[_LINUX_CAPABILITY_U32S_3];

/* By the bare system call: see namespace.c. */
static bool capabilities_call(long number, capabilities caps)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    return syscall(number, &head, caps) == 0;
}

bool child_drop_privileges(void)
{
    const uint32_t bind_service = UINT32_C(1) << CAP_NET_BIND_SERVICE;
    const uint32_t net_admin = UINT32_C(1) << CAP_NET_ADMIN;
    capabilities have = {{0}};
    if (!capabilities_call(SYS_capget, have))
        return false;
    capabilities kept = {{.effective = have[0].effective & bind_service,
                          .permitted = have[0].permitted & (bind_service | net_admin)}};
    return capabilities_call(SYS_capset, kept) && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

bool child_administer(bool wanted)
{
    const uint32_t net_admin = UINT32_C(1) << CAP_NET_ADMIN;
    capabilities caps = {{0}};
    if (!capabilities_call(SYS_capget, caps))
        return false;
    caps[0].effective = wanted ? caps[0].effective | net_admin : caps[0].effective & ~net_admin;
    return capabilities_call(SYS_capset, caps);
}
