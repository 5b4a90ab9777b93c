/* By the bare system call: see namespace.c. */
#include "lab/caps.h"

#include <linux/capability.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

bool caps_administer(bool wanted)
{
    const uint32_t net_admin = UINT32_C(1) << CAP_NET_ADMIN;
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3] = {{0}};
    if (syscall(SYS_capget, &head, caps) != 0)
        return false;
    caps[0].effective = wanted ? caps[0].effective | net_admin : caps[0].effective & ~net_admin;
    return syscall(SYS_capset, &head, caps) == 0;
}
