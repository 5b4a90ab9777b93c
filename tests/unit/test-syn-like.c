/* The SYNs of well-known systems: every row can be built, and looks as that system's does. */
#include "unit.h"

#include "talk/syn_like.h"
#include "wire/options.h"

UNIT_TEST(rows_are_found_by_name)
{
    size_t n = 0;
    for (; syn_like_at(n) != NULL; n++) {
        assert_ptr_equal(syn_like_find(syn_like_at(n)->name), syn_like_at(n));
        assert_true(syn_like_at(n)->win > 0 && syn_like_at(n)->ttl >= 64);
        assert_true(syn_like_at(n)->wscale <= 14); /* RFC 7323 2.3 */
        assert_true(strlen(syn_like_at(n)->summary) > 0);
    }
    assert_true(n >= 2);
    assert_string_equal(syn_like_at(0)->name, "linux");
    assert_null(syn_like_at(n + 1));
    assert_null(syn_like_find("Linux"));
    assert_null(syn_like_find(""));
}

static struct options built(const struct syn_like *like, bool timestamps)
{
    struct options o = {.has_mss = true,
                        .mss = 1460,
                        .sack_permitted = true,
                        .has_timestamps = timestamps,
                        .ts_val = 1,
                        .has_wscale = true,
                        .wscale = like->wscale};
    assert_int_equal(options_build(&o, timestamps ? like->layout : like->unstamped, NULL),
                     STATUS_OK);
    return o;
}

/* Always an MSS: hosts behind SYN-cookie protection drop a SYN without one. */
UNIT_TEST(every_layout_can_be_built)
{
    for (size_t i = 0; syn_like_at(i / 2) != NULL; i++) {
        const struct syn_like *like = syn_like_at(i / 2);
        bool timestamps = i % 2 != 0;
        struct options o = built(like, timestamps), back;
        options_parse(&back, o.raw, o.raw_len);
        assert_false(back.malformed);
        assert_int_equal(o.raw_len % 4, 0);
        assert_true(syn_like_has(like, 'M') && back.has_mss);
        assert_int_equal(back.has_timestamps, timestamps && syn_like_has(like, 'T'));
        assert_int_equal(back.has_wscale, syn_like_has(like, 'W'));
        assert_int_equal(back.sack_permitted, syn_like_has(like, 'S'));
        assert_false(syn_like_has(like, 'x'));
    }
}

UNIT_TEST(linux_to_the_octet)
{
    static const char *const wires[] = {
        "020405b4 0101 0402 01 030307", /* net.ipv4.tcp_timestamps=0 */
        "020405b4 0402 080a 00000001 00000000 01 030307",
    };
    for (size_t timestamps = 0; timestamps < 2; timestamps++) {
        struct options o = built(syn_like_find("linux"), timestamps != 0);
        size_t n;
        uint8_t *wire = unit_octets(wires[timestamps], &n);
        assert_int_equal(o.raw_len, n);
        assert_memory_equal(o.raw, wire, n);
        free(wire);
    }
}
