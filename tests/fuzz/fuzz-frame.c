/* The way of a captured frame: the first octet chooses the link type, the rest is the frame. */
#include "fuzz.h"

#include <pcap/dlt.h>

#include "wire/frame.h"
#include "wire/icmp.h"
#include "wire/segment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const int links[] = {DLT_EN10MB, DLT_LINUX_SLL, DLT_LINUX_SLL2, DLT_RAW,
                                DLT_NULL,   DLT_LOOP,      DLT_IPV4,       DLT_PPP};
    if (n == 0)
        return 0;
    int dlt = links[data[0] % (sizeof(links) / sizeof(links[0]))];
    const uint8_t *frame = data + 1, *ip;
    size_t len;
    n--;
    if (!frame_ip(dlt, frame, n, &ip, &len))
        return 0;
    fuzz_require(frame_known_link(dlt));
    fuzz_require(len != 0 && len <= n && ip == frame + (n - len));
    struct segment s;
    struct icmp_error e;
    bool segment = segment_decode(&s, ip, len, NULL) == STATUS_OK;
    bool error = icmp_decode(&e, ip, len, NULL) == STATUS_OK;
    fuzz_require(!segment || !error);
    return 0;
}
