package controlplane

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// A Process is a program that was started, its output in a file. It may end by itself
// at any time; on Linux it does when this program ends, however it ends.
type Process struct {
	// Name is what messages call it.
	Name string
	// Log is the file with its output.
	Log string
	// Started is when it was started.
	Started time.Time

	cmd *exec.Cmd
	// exited is closed when the program has ended; code and ended are set then.
	exited chan struct{}
	code   int
	ended  time.Time
}

// StartProcess starts the program with its output in the file log.
func StartProcess(name, log, path string, args ...string) (*Process, error) {
	return startAs(name, log, "", path, args...)
}

// startAs is [StartProcess] under a host name of its own, unless that is empty; see
// [Become].
func startAs(name, log, hostname, path string, args ...string) (*Process, error) {
	out, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	p := &Process{Name: name, Log: log, cmd: exec.Command(path, args...), exited: make(chan struct{})}
	isolate(p.cmd, hostname)
	p.cmd.Stdout, p.cmd.Stderr = out, out
	started := make(chan error)
	go func() {
		// The kernel ends the child when the thread that started it ends, so that this
		// keeps it for as long as the child lives.
		runtime.LockOSThread()
		defer out.Close()
		p.Started = time.Now()
		err := p.cmd.Start()
		started <- err
		if err != nil {
			return
		}
		_ = p.cmd.Wait()
		p.ended, p.code = time.Now(), p.cmd.ProcessState.ExitCode()
		close(p.exited)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return p, nil
}

// Exited is closed when the program has ended.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Signal sends the program a signal.
func (p *Process) Signal(s os.Signal) error { return p.cmd.Process.Signal(s) }

// Stop kills the program and returns when it has ended. It may be called again.
func (p *Process) Stop() {
	_ = p.cmd.Process.Kill()
	<-p.exited
}

// end asks the program to end, and kills it after that time.
func (p *Process) end(within time.Duration) error {
	if err := p.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-p.exited:
	case <-time.After(within):
		p.Stop()
	}
	return nil
}

// Until polls ready until it returns true; an error if the program ends, or ctx
// is done, before.
func (p *Process) Until(ctx context.Context, ready func(context.Context) bool) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !ready(ctx) {
		select {
		case <-p.exited:
			return fmt.Errorf("%s exited with code %d:\n%s", p.Name, p.code, p.Tail(15))
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready after %.0f s: %w\n%s", p.Name, time.Since(p.Started).Seconds(), ctx.Err(), p.Tail(15))
		case <-tick.C:
		}
	}
	return nil
}

// Tail is the last lines of what the program has written.
func (p *Process) Tail(lines int) string {
	b, err := os.ReadFile(p.Log)
	if err != nil {
		return err.Error()
	}
	all := bytes.Split(bytes.TrimSpace(b), []byte("\n"))
	if len(all) > lines {
		all = all[len(all)-lines:]
	}
	return string(bytes.Join(all, []byte("\n")))
}
