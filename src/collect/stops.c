/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/stops.h"

#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define ERESTARTNOHAND 514	/* include/linux/errno.h: the kernel's own, seen by tracers only */

#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441
#endif

/* no PTRACE_O_EXITKILL, ever */
#define OPTIONS (PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC)

int stops_seize(pid_t tid)
{
	return ptrace(PTRACE_SEIZE, tid, NULL, OPTIONS) < 0 ? -errno : 0;
}

void stops_want_ending(pid_t tid)
{
	ptrace(PTRACE_SETOPTIONS, tid, NULL, OPTIONS | PTRACE_O_TRACEEXIT);
}

bool stops_ask(pid_t tid)
{
	return ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) == 0;
}

static void consume(pid_t tid)
{
	while (waitpid(tid, NULL, __WALL | __WNOTHREAD | WNOHANG) < 0 && errno == EINTR)
		;
}

static pid_t event_message(pid_t tid)
{
	unsigned long message = 0;

	return ptrace(PTRACE_GETEVENTMSG, tid, NULL, &message) == 0 ? (pid_t)message : 0;
}

static bool is_stop_signal(int signal)
{
	return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

/* `status` as waitid() gives it: the signal, and a PTRACE_EVENT_* above it. */
static struct stop classify(pid_t tid, int status)
{
	struct stop stop = { .tid = tid, .signal = status & 0xff };

	switch (status >> 8) {
	case PTRACE_EVENT_CLONE:
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
		stop.kind = STOP_NEW;
		stop.other = event_message(tid);
		break;
	case PTRACE_EVENT_EXEC:
		/* when not the first thread has called execve, the kernel takes every request for one to
		 * the thread that had this number before, until the stop is consumed (kernel/ptrace.c,
		 * looks_like_a_spurious_pid) */
		consume(tid);
		stop.kind = STOP_EXEC;
		stop.other = event_message(tid);
		break;
	case PTRACE_EVENT_EXIT:
		stop.kind = STOP_ENDING;
		break;
	case PTRACE_EVENT_STOP:
		stop.kind = is_stop_signal(stop.signal) ? STOP_GROUP : STOP_TRAP;
		break;
	case 0:
		stop.kind = STOP_SIGNAL;
		break;
	default:	/* an event that we have not asked for */
		stop.kind = STOP_TRAP;
		break;
	}
	return stop;
}

bool stops_next(pid_t tid, struct stop *ret_stop)
{
	siginfo_t info = { 0 };

	/* __WNOTHREAD: of this thread's own tracees, and not children of the process */
	if (waitid(tid ? P_PID : P_ALL, (id_t)tid, &info,
		   WEXITED | WSTOPPED | WNOHANG | WNOWAIT | __WALL | __WNOTHREAD) < 0 || !info.si_pid)
		return false;
	if (info.si_code == CLD_TRAPPED || info.si_code == CLD_STOPPED)
		*ret_stop = classify(info.si_pid, info.si_status);
	else
		*ret_stop = (struct stop){ .kind = STOP_ENDED, .tid = info.si_pid };
	return true;
}

bool stops_registers(pid_t tid, struct user_regs_struct *ret_regs, bool *ret_compat)
{
	struct iovec to = { .iov_base = ret_regs, .iov_len = sizeof(*ret_regs) };

	if (ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &to) < 0)
		return false;
	*ret_compat = to.iov_len != sizeof(*ret_regs);
	return true;
}

bool stops_may_restart(uint64_t syscall)
{
	switch (syscall) {	/* those that signal(7) tells to end with EINTR whatever SA_RESTART says */
	case SYS_epoll_wait:
	case SYS_epoll_pwait:
	case SYS_epoll_pwait2:
	case SYS_io_getevents:
	case SYS_rt_sigtimedwait:
	case SYS_semop:
	case SYS_semtimedop:
	/* and those that do when their socket has a timeout; nothing has been transferred then */
	case SYS_read:
	case SYS_readv:
	case SYS_recvfrom:
	case SYS_recvmsg:
	case SYS_sendto:
	case SYS_sendmsg:
	case SYS_accept:
	case SYS_accept4:
		return true;
	}
	return false;
}

/* The kernel makes the call again if in the end no handler is run, and says EINTR if one is: what it would
 * have done, had we not been here. A time limit begins anew, which is little: a thread that we stop has
 * been running a moment ago. */
static void mend_interrupted_call(pid_t tid)
{
	struct user_regs_struct regs;
	bool compat;

	if (!stops_registers(tid, &regs, &compat) || compat || (int64_t)regs.orig_rax < 0 ||
	    (int64_t)regs.rax != -EINTR || !stops_may_restart(regs.orig_rax))
		return;
	ptrace(PTRACE_POKEUSER, tid, offsetof(struct user_regs_struct, rax), -(long)ERESTARTNOHAND);
}

void stops_resume(const struct stop *stop)
{
	long signal = stop->kind == STOP_SIGNAL ? stop->signal : 0, rc;

	if (stop->kind == STOP_ENDED) {
		consume(stop->tid);
		return;
	}
	if (stop->kind == STOP_SIGNAL || stop->kind == STOP_TRAP)
		mend_interrupted_call(stop->tid);
	if (stop->kind == STOP_GROUP)
		rc = ptrace(PTRACE_LISTEN, stop->tid, NULL, NULL);
	else
		rc = ptrace(PTRACE_CONT, stop->tid, NULL, signal);
	if (rc < 0)	/* it is being killed: its end is told next */
		consume(stop->tid);
}

void stops_keep(const struct stop *stop)
{
	consume(stop->tid);
}

bool stops_permitted(void)
{
	/* ourselves: no tracee of ours, and that is what the kernel says where it lets us ask */
	return ptrace(PTRACE_CONT, getpid(), NULL, NULL) < 0 && errno == ESRCH;
}
