/* Entering namespaces and writing their settings: see namespace.h, user_namespaces(7),
 * network_namespaces(7), capabilities(7). */
#include "lab/namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/text.h"

enum {
    SETTING_NAME_MAX = 128
};

/* By the bare system call: libcap-ng remembers what it read once, and what we hold is about to
 * change. */
static bool has_capabilities(uint32_t wanted)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};
    return syscall(SYS_capget, &head, data) == 0 && (data[0].effective & wanted) == wanted;
}

/* Closes `fd`, which may be -1. False with errno. The files of /proc take a value in one write or
 * not at all. */
static bool write_and_close(int fd, const char *text)
{
    if (fd < 0)
        return false;
    size_t n = strlen(text);
    bool written = write(fd, text, n) == (ssize_t)n;
    int error = errno;
    close(fd);
    errno = error;
    return written;
}

bool namespace_read_number(int fd, uint64_t max, uint64_t *value)
{
    char digits[32];
    ssize_t n = fd >= 0 ? pread(fd, digits, sizeof(digits) - 1, 0) : -1;
    if (n <= 0)
        return false;
    digits[n] = '\0';
    digits[strcspn(digits, "\n")] = '\0';
    return text_to_number(digits, 0, max, value);
}

/* Whether the number in a file of /proc/sys is `value`; no when there is no such file. */
static bool setting_is(const char *path, uint64_t value)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    uint64_t found;
    bool is = namespace_read_number(fd, UINT64_MAX, &found) && found == value;
    if (fd >= 0)
        close(fd);
    return is;
}

/* The usual reasons, each with what a machine's owner types against it. */
static enum status forbidden(const char *step, int error, struct fault *fault)
{
    static const struct {
        const char *path, *remedy;
        uint64_t forbids;
    } reasons[] = {
        {"/proc/sys/kernel/unprivileged_userns_clone", "sysctl kernel.unprivileged_userns_clone=1",
         0},
        {"/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
         "sysctl kernel.apparmor_restrict_unprivileged_userns=0", 1},
        {"/proc/sys/user/max_user_namespaces", "sysctl user.max_user_namespaces=10000", 0},
    };
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (setting_is(reasons[i].path, reasons[i].forbids))
            return fault_set(fault, STATUS_SYSTEM,
                             "this machine forbids user namespaces (%s: %s); allow them with "
                             "`%s` or run as root",
                             step, strerror(error), reasons[i].remedy);
    }
    return fault_set(fault, STATUS_SYSTEM,
                     "the lab needs a user namespace, and none is allowed here (%s: %s); run as "
                     "root, in a container with CAP_SYS_ADMIN and CAP_NET_ADMIN",
                     step, strerror(error));
}

enum status namespace_become_able(struct fault *fault)
{
    if (has_capabilities(UINT32_C(1) << CAP_SYS_ADMIN | UINT32_C(1) << CAP_NET_ADMIN |
                         UINT32_C(1) << CAP_NET_RAW))
        return STATUS_OK;

    char uid_map[32], gid_map[32];
    (void)snprintf(uid_map, sizeof(uid_map), "0 %u 1", geteuid());
    (void)snprintf(gid_map, sizeof(gid_map), "0 %u 1", getegid());
    if (unshare(CLONE_NEWUSER) != 0)
        return forbidden("unshare", errno, fault);

    /* A program with file capabilities does not own its own /proc files until it says so. Nothing
     * is given away: outside this namespace we hold no capability any more. */
    (void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);

    const struct {
        const char *path, *text;
    } maps[] = {
        {"/proc/self/setgroups", "deny"}, /* or the kernel refuses the gid_map */
        {"/proc/self/uid_map", uid_map},
        {"/proc/self/gid_map", gid_map},
    };
    for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
        if (!write_and_close(open(maps[i].path, O_WRONLY | O_CLOEXEC), maps[i].text))
            return forbidden(maps[i].path, errno, fault);
    }
    return STATUS_OK;
}

enum status namespace_new_net(int *fd, struct fault *fault)
{
    if (unshare(CLONE_NEWNET) != 0) {
        if (errno == EPERM) /* AppArmor lets us into a user namespace but gives nothing there */
            return forbidden("unshare", errno, fault);
        return fault_set(fault, STATUS_SYSTEM, "cannot make a network namespace: %s%s",
                         strerror(errno), errno == ENOSPC ? "; raise user.max_net_namespaces" : "");
    }
    if (fd == NULL)
        return STATUS_OK;
    *fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    if (*fd < 0)
        return fault_set(fault, STATUS_SYSTEM, "/proc/self/ns/net: %s", strerror(errno));
    return STATUS_OK;
}

enum status namespace_enter(int fd, struct fault *fault)
{
    if (setns(fd, CLONE_NEWNET) != 0)
        return fault_set(fault, STATUS_SYSTEM, "cannot enter a network namespace: %s",
                         strerror(errno));
    return STATUS_OK;
}

enum status namespace_sysctl_check(const char *assignment, struct fault *fault)
{
    size_t name = strcspn(assignment, "=");
    if (assignment[name] == '\0' || assignment[name + 1] == '\0')
        return fault_set(fault, STATUS_MALFORMED,
                         "'%s' is not NAME=VALUE, such as net.ipv4.tcp_synack_retries=2",
                         assignment);
    if (strncmp(assignment, "net.", 4) != 0 || name >= SETTING_NAME_MAX ||
        assignment[name - 1] == '.' ||
        strspn(assignment, "abcdefghijklmnopqrstuvwxyz0123456789_.-") != name ||
        memmem(assignment, name, "..", 2) != NULL)
        return fault_set(fault, STATUS_MALFORMED,
                         "'%.*s' is no setting of a network namespace; names start with net. and "
                         "have dots between their parts",
                         (int)name, assignment);
    return STATUS_OK;
}

int namespace_open_setting(const char *name, size_t n, int flags)
{
    static const char root[] = "/proc/sys/";
    char path[sizeof(root) + SETTING_NAME_MAX];
    (void)snprintf(path, sizeof(path), "%s%.*s", root, (int)n, name);
    for (char *p = path; *p != '\0'; p++)
        *p = *p == '.' ? '/' : *p;
    return open(path, flags | O_CLOEXEC);
}

enum status namespace_sysctl(const char *assignment, struct fault *fault)
{
    enum status s = namespace_sysctl_check(assignment, fault);
    if (s != STATUS_OK)
        return s;
    int name = (int)strcspn(assignment, "=");
    const char *value = assignment + name + 1;
    if (write_and_close(namespace_open_setting(assignment, (size_t)name, O_WRONLY), value))
        return STATUS_OK;
    switch (errno) {
    case ENOENT:
        return fault_set(fault, STATUS_SYSTEM, "a network namespace has no setting %.*s", name,
                         assignment);
    case EINVAL:
    case ERANGE:
        return fault_set(fault, STATUS_SYSTEM, "the kernel refuses '%s' for %.*s", value, name,
                         assignment);
    default:
        return fault_set(fault, STATUS_SYSTEM, "%.*s cannot be set in the lab: %s", name,
                         assignment, strerror(errno));
    }
}
