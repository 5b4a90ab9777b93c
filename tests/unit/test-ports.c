/* Sets of ports as people write them. */
#include "unit.h"

#include <stdio.h>

#include "targets/ports.h"

static bool services(const char *name, uint16_t *port)
{
    *port = strcmp(name, "https") == 0 ? 443 : strcmp(name, "ftp-data") == 0 ? 20 : 0;
    return *port != 0;
}

/* All of them, between blanks. */
static char *listed(const struct ports *p, char *out, size_t cap)
{
    size_t at = 0;
    out[0] = '\0';
    for (uint32_t i = 0; i < p->count; i++)
        at += (size_t)snprintf(out + at, cap - at, "%s%u", i != 0 ? " " : "", ports_at(p, i));
    return out;
}

UNIT_TEST(good_sets)
{
    static const struct {
        const char *text, *ports;
        uint32_t runs;
    } good[] = {
        {"22", "22", 1},
        {"1", "1", 1},
        {"65535", "65535", 1},
        {"080", "80", 1},
        {"80-80", "80", 1},
        {"22,80,8000-8003", "22 80 8000 8001 8002 8003", 3},
        {"80,22,80,22-23", "22 23 80", 2},
        {"5-7,8,6-10", "5 6 7 8 9 10", 1},
        {"63-64,65533-65535", "63 64 65533 65534 65535", 2},
        {"https", "443", 1},
        {"ftp-data,https,21", "20 21 443", 2},
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct ports p;
        char out[200];
        size_t n = strlen(good[i].text);
        char *exact = (char *)unit_copy(good[i].text, n);
        assert_int_equal(ports_parse(&p, exact, n, services, NULL), STATUS_OK);
        free(exact);
        assert_string_equal(listed(&p, out, sizeof(out)), good[i].ports);
        assert_int_equal(p.len, good[i].runs);
        ports_done(&p);
        assert_int_equal(p.count, 0);
    }
}

UNIT_TEST(bad_sets)
{
    static const struct {
        const char *text, *line;
    } bad[] = {
        {"", "a port is missing"},
        {",", "a port is missing"},
        {"22,", "a port is missing"},
        {",22", "a port is missing"},
        {"22,,80", "a port is missing"},
        {"0", "port 0 is not between 1 and 65535"},
        {"65536", "port 65536 is not between 1 and 65535"},
        {"99999999999999999999", "port 99999999999999999999 is not between 1 and 65535"},
        {"0-5", "ports 0-5 are not between 1 and 65535"},
        {"1-65536", "ports 1-65536 are not between 1 and 65535"},
        {"9-8", "ports 9-8 end before they begin"},
        {"-", "'-' is no port"},
        {"80-", "'80-' is no port"},
        {"-80", "'-80' is no port"},
        {"1-2-3", "'1-2-3' is no port"},
        {"22 80", "'22 80' is no port"},
        {"+80", "'+80' is no port"},
        {"80/tcp", "'80/tcp' is no port"},
        {"nothing", "unknown port 'nothing': neither a number from 1 to 65535 nor a TCP service "
                    "name"},
        {"22,\033[31m", "'?[31m' is no port"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct ports p;
        struct fault fault = {""};
        assert_int_equal(ports_parse(&p, bad[i].text, strlen(bad[i].text), services, &fault),
                         STATUS_MALFORMED);
        assert_string_equal(fault.text, bad[i].line);
        assert_int_equal(p.count, 0);
        assert_null(p.more);
    }
    struct ports p;
    struct fault fault = {""};
    assert_int_equal(ports_parse(&p, "https", 5, NULL, &fault), STATUS_MALFORMED);
    assert_string_equal(fault.text, "'https' is no port number (1 to 65535)");
}

UNIT_TEST(all_ports_and_every_other)
{
    struct ports p;
    assert_int_equal(ports_parse(&p, "1-65535", 7, NULL, NULL), STATUS_OK);
    assert_int_equal(p.count, 65535);
    assert_int_equal(ports_at(&p, 0), 1);
    assert_int_equal(ports_at(&p, 65534), 65535);
    ports_done(&p);
    char *text = malloc(200000);
    size_t n = 0;
    assert_non_null(text);
    for (unsigned port = 65535; port < 65536; port -= 2)
        n += (size_t)sprintf(text + n, "%s%u", n != 0 ? "," : "", port);
    assert_int_equal(ports_parse(&p, text, n, NULL, NULL), STATUS_OK);
    free(text);
    assert_int_equal(p.count, 32768);
    for (uint32_t i = 0; i < p.count; i++)
        assert_int_equal(ports_at(&p, i), 2 * i + 1);
    ports_done(&p);
}
