package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// lastWords is how long a run that was interrupted may take to end by itself.
const lastWords = 2 * time.Second

// interrupts are the signals that end a run: also that of a terminal that is closed,
// unless whoever started the run had it ignored, as nohup does.
func interrupts() []os.Signal {
	all := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		all = append(all, syscall.SIGHUP)
	}
	return all
}

// untilInterrupted runs do with a context that ends with the first of [interrupts].
// Soon after that it returns, whether do has or not; a second signal ends the program.
func untilInterrupted(do func(context.Context) error) error {
	ctx, restore := signal.NotifyContext(context.Background(), interrupts()...)
	defer restore()
	done := make(chan error, 1)
	go func() { done <- do(ctx) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	restore()
	late := time.NewTimer(lastWords)
	defer late.Stop()
	select {
	case err := <-done:
		var code exitCode
		if err == nil || errors.As(err, &code) {
			return err
		}
	case <-late.C:
	}
	return interruption(ctx)
}

// interruption is an error if a signal has ended ctx; nil otherwise, also where its
// time is over. What was seen by then is not all there is to see, so that nothing may
// be made of it.
func interruption(ctx context.Context) error {
	if !errors.Is(ctx.Err(), context.Canceled) {
		return nil
	}
	return fmt.Errorf("interrupted (%w): there is no verdict", context.Cause(ctx))
}
