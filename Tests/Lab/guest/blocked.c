// SPDX-License-Identifier: GPL-2.0
// Two threads that wait for what never comes and are not to be woken; and whoever writes to this module's parameter has a
// timer's interrupt write to address 8 on the same processor.
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/module.h>

static DECLARE_COMPLETION(never);
static struct hrtimer timer;

static noinline void lab_strike(int *place)
{
	WRITE_ONCE(*place, 1);
}

static enum hrtimer_restart lab_expire(struct hrtimer *unused)
{
	lab_strike((int *)8);
	return HRTIMER_NORESTART;
}

static noinline void lab_wait(void)
{
	wait_for_completion(&never);
	barrier();
}

static int lab_thread(void *unused)
{
	lab_wait();
	return 0;
}

static noinline int lab_crash(const char *value, const struct kernel_param *parameter)
{
	hrtimer_init(&timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	timer.function = lab_expire;
	hrtimer_start(&timer, ms_to_ktime(10), HRTIMER_MODE_REL_PINNED_HARD);
	mdelay(5000);
	return -ETIMEDOUT;
}

static const struct kernel_param_ops crash_operations = { .set = lab_crash };
module_param_cb(crash, &crash_operations, NULL, 0200);

static int __init blocked_init(void)
{
	struct task_struct *first = kthread_run(lab_thread, NULL, "lab-waits/1");
	struct task_struct *second = kthread_run(lab_thread, NULL, "lab-waits/2");

	return IS_ERR(first) || IS_ERR(second) ? -ENOMEM : 0;
}

module_init(blocked_init);
MODULE_LICENSE("GPL");
