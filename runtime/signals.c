/* Signals that a training run answers: SIGINT and SIGTERM end it after the step, SIGUSR1
 * has it saved. */
#include "train.h"

#include <signal.h>

static volatile sig_atomic_t stop_signal, save_wanted;

static void on_stop(int number)
{
    if (stop_signal) {
        signal(number, SIG_DFL);
        raise(number);
    }
    stop_signal = number;
}

static void on_save(int number)
{
    (void)number;
    save_wanted = 1;
}

static void on(int number, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigfillset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

void gr_catch_save_signal(void) { on(SIGUSR1, on_save); }

void gr_catch_stop_signals(void)
{
    on(SIGINT, on_stop);
    on(SIGTERM, on_stop);
}

int gr_stop_signal(void) { return stop_signal; }

bool gr_is_save_wanted(void)
{
    bool wanted = save_wanted;
    if (wanted)
        save_wanted = 0;
    return wanted;
}
