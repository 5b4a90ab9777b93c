/* Flags and their spelling. */
#include "unit.h"

#include "wire/flags.h"

UNIT_TEST(figure_order)
{
    char text[FLAGS_TEXT_MAX];
    assert_string_equal(flags_format(0, text), "");
    assert_string_equal(flags_format(FLAG_ACK, text), "ACK");
    assert_string_equal(flags_format(FLAG_ACK | FLAG_SYN, text), "SYN,ACK");
    assert_string_equal(flags_format(FLAG_ACK | FLAG_FIN, text), "FIN,ACK");
    assert_string_equal(flags_format(FLAG_ACK | FLAG_RST, text), "RST,ACK");
    assert_string_equal(flags_format(FLAG_ALL, text),
                        "SYN,FIN,RST,PSH,ACK,URG,ECE,CWR,AE,RES1,RES2,RES3");
}

UNIT_TEST(bits_outside_are_not_named)
{
    char text[FLAGS_TEXT_MAX];
    assert_string_equal(flags_format(0xf000 | FLAG_SYN, text), "SYN");
}

UNIT_TEST(every_set_comes_back)
{
    for (unsigned set = 0; set <= FLAG_ALL; set++) {
        char text[FLAGS_TEXT_MAX];
        uint16_t back = 0xffff;
        assert_true(flags_parse(flags_format((uint16_t)set, text), &back));
        assert_int_equal(back, set);
    }
}

UNIT_TEST(order_and_case_do_not_matter)
{
    uint16_t flags;
    assert_true(flags_parse("ack,Syn", &flags));
    assert_int_equal(flags, FLAG_SYN | FLAG_ACK);
    assert_true(flags_parse("RST,rst", &flags));
    assert_int_equal(flags, FLAG_RST);
}

UNIT_TEST(what_is_no_flag)
{
    static const char *const bad[] = {",",       "SYN,",     ",SYN", "SYN,,ACK", "SYNACK", "SY",
                                      "SYN ACK", "SYN, ACK", "RES",  "RES4",     " SYN",   "none"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        uint16_t flags = 0x123;
        assert_false(flags_parse(bad[i], &flags));
        assert_int_equal(flags, 0x123);
    }
}
