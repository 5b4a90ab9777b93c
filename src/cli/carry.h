/* Who carries a measurement's packets: for each enum measure_carrier what has to be found before
 * anything is opened, and the run itself. Everything around it is command.c's. */
#ifndef TCPSHAKE_CLI_CARRY_H
#define TCPSHAKE_CLI_CARRY_H

#include "cli/command.h"
#include "cli/record.h"
#include "figure/figure.h"

/* One measurement from its options to its exit status. */
struct session {
    const struct measure *measure;
    struct arguments options;
    const struct context *context;
    void *state; /* the script's, with what was chosen */
    /* From the row, unless the carrier knows better. */
    const struct script *script;
    const char *heading;    /* of a figure that is played; may be NULL */
    bool peer_connects;     /* a TARGET without a port is one whose port is not known yet */
    bool second_port;       /* one more is reserved, for a second connection */
    struct endpoint remote; /* the one target */
    uint32_t scope_id;
    void *stage; /* what `find` keeps for `run`, zeroed */
    struct record record;
    bool over; /* set by `find`: nothing is to be run */
    bool told; /* what went wrong stands on stderr already */
    int exit_code;
};

struct carrier {
    size_t stage; /* octets of it */
    /* The targets and what else may be wrong with what was asked; NULL: nothing. */
    enum status (*find)(struct session *s, struct fault *fault);
    /* The outputs are open; opens the rest and runs. */
    enum status (*run)(struct session *s, struct fault *fault);
    /* The record is closed; releases the stage, also when it was never run. NULL: nothing to do. */
    void (*done)(struct session *s);
};

#define CARRY_NO_TARGET                                                                            \
    "no target; write HOST:PORT, [V6]:PORT or HOST PORT, or put 'lab' before the command to run "  \
    "it against a peer on this machine"

/* The figure in a file, or on standard input for "-". Call figure_done afterwards. */
enum status carry_figure_read(struct figure *f, const char *name, struct fault *fault);

extern const struct carrier carry_talk, carry_figure, carry_turns, carry_list, carry_lab_kernels,
    carry_lab_queues, carry_lab_socket;

#endif
