/* The one live loop. Whoever measures on the network is a client of it: it says what is to be done
 * when a packet comes, when its time has come and when the user has had enough; the driver reads
 * the taps, keeps the clock, hears the signals, tells how it goes, and ends.
 *
 * It is also the only place where privileges are dropped: what needs one is opened before
 * driver_run, and the first packet is read afterwards. */
#ifndef TCPSHAKE_NET_DRIVER_H
#define TCPSHAKE_NET_DRIVER_H

#include "base/clock.h"
#include "base/hash.h"
#include "net/capture.h"
#include "tcp/end.h"
#include "wire/address.h"

struct driver;

enum {
    DRIVER_TAPS_MAX = 3,
    DRIVER_LINE_MAX = 200 /* octets of a line for people */
};
/* How often the tap is read while nothing but stamps matters, ns. Being woken by a packet is work
 * that the kernel does inside our tap, before the next tap stamps the same packet: read at leisure,
 * our stamps and tcpdump's agree to 3 us, woken to 13 us (bench/rtt). The ring holds what comes in
 * between. */
#define DRIVER_LOOK_EVERY (10 * CLOCK_MS)

/* What a client does. Each gets its `arg`; a failure ends the run, and nothing but `over` is called
 * after it. Those that may be NULL say so. */
struct driver_ops {
    /* Privileges are gone and the clock runs: begins. May be NULL. */
    enum status (*start)(void *arg, int64_t now_ns, struct fault *fault);
    /* What a tap has shown, with the kernel's stamp; readable during the call only. */
    enum status (*packet)(void *arg, enum end tap, const uint8_t *octets, size_t n, int64_t t_ns,
                          struct fault *fault);
    /* The time is now: `deadline` has passed, or nearly so. What was stamped before has been handed
     * on. */
    enum status (*tick)(void *arg, int64_t now_ns, struct fault *fault);
    /* When `tick` is to be called at the latest; CLOCK_NEVER: only for packets. */
    int64_t (*deadline)(const void *arg, int64_t now_ns);
    /* Comes to an end: the user wants it, or driver_config.within_ns has passed. NULL: there is
     * nothing to be done for that, and the run is over at once. */
    enum status (*stop)(void *arg, int64_t now_ns, struct fault *fault);
    bool (*over)(const void *arg); /* NULL: not before it is stopped */
    /* Nothing hangs on looking at the next packet at once, if it is looked at within
     * DRIVER_LOOK_EVERY or `for_ns`, when something else is due. NULL: never so. */
    bool (*can_wait)(const void *arg, int64_t for_ns);
    /* The system's clock was found to have been set by so much; stamps are corrected. May be NULL.
     */
    void (*stepped)(void *arg, int64_t step_ns, int64_t now_ns);
    /* Something has failed, and the run is over: nothing that is sent will be seen. May be NULL. */
    void (*failed)(void *arg, const char *why, int64_t now_ns);
    /* The taps have lost `total` packets so far; called before they are read. May be NULL. */
    void (*lost)(void *arg, uint64_t total, int64_t now_ns);
    /* One line for people who wait, or who have `asked` by SIGQUIT; "", as it is before: nothing.
     */
    void (*progress)(void *arg, int64_t now_ns, bool asked, char *line, size_t cap);
    /* A remark of driver_config.remarks. NULL where there is none. */
    void (*remark)(void *arg, const char *text, int64_t t_ns);
    /* Something may be read from driver_config.fd. NULL: there is none. */
    void (*readable)(void *arg);

    int64_t look_ns; /* how often `lost` is called at the most; 0: whenever the taps are read */
    bool eager;      /* sends much: `tick` after whatever has come, then the taps are read again */
    bool by_stamp;   /* what the taps show together is handed on in the order of its stamps */
};

/* A tap is its opener's, and outlives the run. */
struct driver_tap {
    struct capture *capture;
    enum end end; /* handed to `packet` */
    bool beside;  /* is read with the others, but wakes nobody, and its losses are none */
};

/* Who is told, now and then, how it goes, and when the user has asked (SIGQUIT): lines for people.
 */
struct driver_teller {
    void (*told)(void *arg, const char *line); /* NULL: nobody waits */
    void (*asked)(void *arg, const char *line);
    void *arg;
};

struct driver_remark {
    int64_t t_ns; /* a kernel's stamp, as a packet's */
    char text[DRIVER_LINE_MAX];
};

/* Somebody else who watches the same packets, such as the lab's wire. What it remarks is fetched
 * before the packets are looked at, so that whatever it is about is among them or among earlier
 * ones, and told between the packets in the order of their stamps. */
struct driver_remarks {
    int fd; /* readable when there may be a remark */
    /* Fills in the next; false: none waits. Never blocks. */
    bool (*next)(void *arg, struct driver_remark *remark);
    /* STATUS_OK while all is well; else with a line: nothing that is seen can be trusted any more.
     */
    enum status (*state)(void *arg, struct fault *fault);
    void *arg;
};

struct driver_config {
    const struct driver_ops *ops;
    void *arg;
    struct driver_tap taps[DRIVER_TAPS_MAX]; /* the first one without a capture ends them */
    const struct driver_remarks *remarks;    /* who has remarks on the packets; NULL: nobody */
    int fd;                                  /* for `readable` */
    int64_t within_ns;                       /* from the start to `stop`; CLOCK_NEVER: no bound */
    int64_t progress_ns;                     /* how often it is told how it goes; 0: not at all */
    struct driver_teller teller;
};

/* NULL with a line. Caller frees, before it closes the taps. */
struct driver *driver_new(struct fault *fault);
void driver_free(struct driver *d);

/* A port of ours, to be kept quiet (net/quiet.h) until the driver is freed. */
struct driver_port {
    const struct in6_addr *source[2]; /* on each of these; NULL: on no other */
    uint32_t scope_id;
    uint16_t fixed; /* this one; 0: the first that is free of those that the key names */
    const struct hash_key *key;
    const struct endpoint *remote; /* to whom, and the how manieth: what the key makes it of */
    uint32_t number;
};
/* `*port` is it. STATUS_NOT_OURS with a line when it, or each of many that were tried, is taken. */
enum status driver_reserve(struct driver *d, const struct driver_port *p, uint16_t *port,
                           struct fault *fault);

/* Nanoseconds since the epoch, by a clock that does not step from the run's start on. */
int64_t driver_now(const struct driver *d);

/* Gives up every privilege, then runs the client to its end: until it is over, something fails, or
 * a second signal says that even the end takes too long. SIGINT, SIGTERM and SIGHUP are heard from
 * here until driver_free. Once. */
enum status driver_run(struct driver *d, const struct driver_config *config, struct fault *fault);

#endif
