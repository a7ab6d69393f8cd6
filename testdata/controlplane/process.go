package controlplane

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"time"
)

// process is a program of the control plane that was started, its output in a
// file. That it ends with this program is the namespace's doing.
type process struct {
	name    string
	log     string
	started time.Time
	cmd     *exec.Cmd
	// exited is closed when the program has ended; code and ended are set then.
	exited chan struct{}
	code   int
	ended  time.Time
}

// start runs the program with its output in the file log; under a host name of
// its own unless hostname is empty.
func start(name, log, hostname, path string, args ...string) (*process, error) {
	if err := Available(); err != nil {
		return nil, err
	}
	out, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	p := &process{name: name, log: log, started: time.Now(), cmd: exec.Command(path, args...), exited: make(chan struct{})}
	isolate(p.cmd, hostname)
	p.cmd.Stdout, p.cmd.Stderr = out, out
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() {
		_ = p.cmd.Wait()
		p.ended, p.code = time.Now(), p.cmd.ProcessState.ExitCode()
		close(p.exited)
	}()
	return p, nil
}

// stop kills the program and returns when it has ended.
func (p *process) stop() {
	_ = p.cmd.Process.Kill()
	<-p.exited
}

// until polls ready until it returns true; an error if the program ends, or ctx
// is done, before.
func (p *process) until(ctx context.Context, ready func(context.Context) bool) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !ready(ctx) {
		select {
		case <-p.exited:
			return fmt.Errorf("%s exited with code %d:\n%s", p.name, p.code, p.tail(15))
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready after %.0f s: %w\n%s", p.name, time.Since(p.started).Seconds(), ctx.Err(), p.tail(15))
		case <-tick.C:
		}
	}
	return nil
}

// tail is the last lines of what the program has written.
func (p *process) tail(lines int) string {
	b, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	all := bytes.Split(bytes.TrimSpace(b), []byte("\n"))
	if len(all) > lines {
		all = all[len(all)-lines:]
	}
	return string(bytes.Join(all, []byte("\n")))
}
