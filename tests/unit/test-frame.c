/* Frames of every link type that libpcap may hand us on Linux, and cut ones. */
#include "unit.h"

#include <pcap/dlt.h>

#include "wire/frame.h"

/* An IP packet is stood for by its first octet and one more. */
static const struct {
    const char *what;
    int dlt;
    const char *hex;
    size_t header; /* 0: carries no IP packet */
} frames[] = {
    {"Ethernet, IPv4", DLT_EN10MB, "000000000000 000000000000 0800 45ff", 14},
    {"Ethernet, IPv6", DLT_EN10MB, "3333000000fb 0242ac110002 86dd 60ff", 14},
    {"Ethernet, ARP", DLT_EN10MB, "ffffffffffff 0242ac110002 0806 0001", 0},
    {"Ethernet, 802.3 length", DLT_EN10MB, "0180c2000000 0242ac110002 0026 4242", 0},
    {"802.1Q, a priority", DLT_EN10MB, "000000000001 000000000002 8100 6000 0800 45ff", 18},
    {"802.1Q, another VLAN", DLT_EN10MB, "000000000001 000000000002 8100 0064 0800 45ff", 0},
    {"802.1ad and 802.1Q, a priority", DLT_EN10MB,
     "000000000001 000000000002 88a8 2000 8100 2000 86dd 60ff", 22},
    {"802.1ad and 802.1Q", DLT_EN10MB, "000000000001 000000000002 88a8 0001 8100 0064 86dd 60ff",
     0},
    {"802.1Q, ARP", DLT_EN10MB, "ffffffffffff 0242ac110002 8100 0064 0806 0001", 0},
    {"cooked v1", DLT_LINUX_SLL, "0004 0001 0006 0242ac1100020000 0800 45ff", 16},
    {"cooked v1, IPv6", DLT_LINUX_SLL, "0000 0304 0006 0000000000000000 86dd 60ff", 16},
    {"cooked v1, ARP", DLT_LINUX_SLL, "0004 0001 0006 0242ac1100020000 0806 0001", 0},
    {"cooked v2", DLT_LINUX_SLL2, "0800 0000 00000002 0001 04 06 0242ac1100020000 45ff", 20},
    {"cooked v2, IPv6", DLT_LINUX_SLL2, "86dd 0000 00000001 0304 00 06 0000000000000000 60ff", 20},
    {"raw", DLT_RAW, "45ff", 0},
    {"BSD null, little-endian IPv4", DLT_NULL, "02000000 45ff", 4},
    {"BSD null, big-endian IPv4", DLT_NULL, "00000002 45ff", 4},
    {"BSD null, Linux IPv6", DLT_NULL, "0a000000 60ff", 4},
    {"BSD null, Darwin IPv6", DLT_NULL, "1e000000 60ff", 4},
    {"BSD null, another family", DLT_NULL, "07000000 45ff", 0},
    {"BSD loop, IPv4", DLT_LOOP, "00000002 45ff", 4},
    {"BSD loop, FreeBSD IPv6", DLT_LOOP, "0000001c 60ff", 4},
};

UNIT_TEST(every_link)
{
    for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
        size_t n, len = 0;
        uint8_t *frame = unit_octets(frames[i].hex, &n);
        const uint8_t *ip = NULL;
        bool carries = frames[i].header != 0 || frames[i].dlt == DLT_RAW;
        print_message("# %s\n", frames[i].what);
        assert_true(frame_known_link(frames[i].dlt));
        assert_int_equal(frame_ip(frames[i].dlt, frame, n, &ip, &len), carries);
        if (carries) {
            assert_ptr_equal(ip, frame + frames[i].header);
            assert_int_equal(len, n - frames[i].header);
        }
        free(frame);
    }
}

UNIT_TEST(every_prefix)
{
    for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
        size_t n;
        uint8_t *frame = unit_octets(frames[i].hex, &n);
        for (size_t cut = 0; cut < n; cut++) {
            uint8_t *part = unit_copy(frame, cut);
            const uint8_t *ip;
            size_t len;
            if (frame_ip(frames[i].dlt, part, cut, &ip, &len)) {
                assert_true(cut > frames[i].header);
                assert_int_equal(len, cut - frames[i].header);
            }
            free(part);
        }
        free(frame);
    }
}

UNIT_TEST(unknown_links)
{
    static const uint8_t frame[64] = {0x45};
    const uint8_t *ip;
    size_t len;
    static const int others[] = {DLT_IEEE802_11, DLT_PPP, -1, 9999};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_false(frame_known_link(others[i]));
        assert_false(frame_ip(others[i], frame, sizeof(frame), &ip, &len));
    }
}
