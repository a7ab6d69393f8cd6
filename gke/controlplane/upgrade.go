package controlplane

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	auditv1 "k8s.io/apiserver/pkg/apis/audit/v1"
)

// A State is what became of a new API server.
type State string

// The states that an upgrade can end in.
const (
	// Ready: /readyz answered 200.
	Ready State = "ready"
	// Exited: the process ended before that.
	Exited State = "exited"
	// NotReady: neither, within the bound.
	NotReady State = "not-ready"
)

// UpgradeOptions change how an upgrade is made. Zero values are as stated.
type UpgradeOptions struct {
	// Flags are added to those of the new API server, and win over them.
	Flags []string
	// SameHost gives the new API server the host name of the first one, as a
	// machine that is upgraded in place keeps its name.
	SameHost bool
	// Bound is how long to wait for it to be ready or to exit; zero for three minutes.
	Bound time.Duration
	// Settle is how long to look on once it is ready, before its writes are read;
	// zero for not at all. A write that hangs shows only when it has failed.
	Settle time.Duration
	// Answering, if it is not nil, is called once, when the new API server first
	// answers at all.
	Answering func()
}

// An Outcome is what became of the new API server of an upgrade.
type Outcome struct {
	State State
	// Started is when its process was started.
	Started time.Time
	// After is the time from the process's start until it was ready, had exited,
	// or was given up.
	After time.Duration
	// Answered is the time from the process's start until /readyz first answered
	// anything, which is when its hooks begin; zero if it never did.
	Answered time.Duration
	// LastRed are the health checks that were red when /readyz last answered
	// anything but 200, sorted.
	LastRed []string
	// ExitCode, Fatal and Hook are set if it exited: the line that it ended with,
	// and the PostStartHook that the line names, if it names one.
	ExitCode int
	Fatal    string
	Hook     string
	// Failing are the health checks that were red when it was given up.
	Failing []string
	// Writes are those that it made or tried as system:apiserver.
	Writes []auditv1.Event
	// FailedWrites are those of them that keep failing. An API server that is
	// ready and has such writes is degraded.
	FailedWrites []FailedWrite
	// Replica is the new API server. It runs on unless it exited.
	Replica *Replica
}

// Upgrade starts an API server of that minor beside those that run, as a
// rolling upgrade does, and returns what became of it. The error says only that
// the upgrade could not be made.
func (c *Cluster) Upgrade(ctx context.Context, minor string, o UpgradeOptions) (Outcome, error) {
	if o.Bound == 0 {
		o.Bound = 3 * time.Minute
	}
	host := len(c.Replicas())
	if o.SameHost {
		host = 0
	}
	r, err := c.startReplica(minor, host, o.Flags)
	if err != nil {
		return Outcome{}, err
	}
	out := Outcome{Replica: r, Started: r.process.Started}
	bounded, cancel := context.WithTimeout(ctx, o.Bound)
	defer cancel()
	waited := r.process.Until(bounded, out.watch(o.Answering))
	out.After = time.Since(out.Started)
	switch {
	case waited == nil:
		out.State = Ready
		err = Pause(ctx, o.Settle)
	case errors.Is(waited, context.DeadlineExceeded) && ctx.Err() == nil:
		out.State = NotReady
		out.Failing, err = r.failingChecks(ctx)
	case ctx.Err() != nil:
		return out, ctx.Err()
	default:
		out.State, out.ExitCode, out.After = Exited, r.process.code, r.process.ended.Sub(r.process.Started)
		out.Fatal, out.Hook, err = fatalLine(r.Log())
	}
	if err != nil {
		return out, err
	}
	return out, out.readWrites()
}

// watch returns what asks /readyz, and notes what it answers.
func (o *Outcome) watch(answering func()) func(context.Context) bool {
	return func(ctx context.Context) bool {
		code, body, err := o.Replica.readyz(ctx)
		if err != nil {
			return false
		}
		if o.Answered == 0 {
			o.Answered = time.Since(o.Replica.process.Started)
			if answering != nil {
				answering()
			}
		}
		if code != http.StatusOK {
			o.LastRed = redChecks(body)
		}
		return code == http.StatusOK
	}
}

func (o *Outcome) readWrites() error {
	events, err := o.Replica.Audit()
	if err != nil {
		return err
	}
	o.Writes, o.FailedWrites = Mutations(events, ByServer), FailedWrites(events)
	return nil
}

// String is one line for a person, such as "exited 255 after 31.9 s in
// rbac/bootstrap-roles".
func (o Outcome) String() string {
	s := string(o.State)
	if o.State == Exited {
		s += fmt.Sprintf(" %d", o.ExitCode)
	}
	s += " after " + o.After.Round(100*time.Millisecond).String()
	if o.Hook != "" {
		s += " in " + o.Hook
	}
	if len(o.Failing) > 0 {
		s += ", red: " + strings.Join(o.Failing, ", ")
	}
	for _, f := range o.FailedWrites {
		s += ", failing: " + f.Write
	}
	return s
}

var (
	fatal    = regexp.MustCompile(`^F\d{4} `)
	hookName = regexp.MustCompile(`PostStartHook "([^"]+)" failed`)
	red      = regexp.MustCompile(`(?m)^\[-\](\S+)`)
)

// fatalLine finds the line that an API server's log ends with, and the
// PostStartHook that it names.
func fatalLine(log string) (line, hook string, err error) {
	f, err := os.Open(log)
	if err != nil {
		return "", "", err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		if fatal.MatchString(lines.Text()) {
			line = lines.Text()
		}
	}
	if m := hookName.FindStringSubmatch(line); m != nil {
		hook = m[1]
	}
	return line, hook, lines.Err()
}

// failingChecks asks for the health checks that keep the API server from being
// ready.
func (r *Replica) failingChecks(ctx context.Context) ([]string, error) {
	_, body, err := r.readyz(ctx)
	return redChecks(body), err
}

func (r *Replica) readyz(ctx context.Context) (code int, body []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.URL()+"/readyz?verbose", nil)
	if err != nil {
		return 0, nil, err
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(resp.Body)
	return resp.StatusCode, body, err
}

func redChecks(readyz []byte) []string {
	var names []string
	for _, m := range red.FindAllSubmatch(readyz, -1) {
		names = append(names, string(m[1]))
	}
	slices.Sort(names)
	return names
}

// Pause waits for d, or returns the error of ctx when that ends before.
func Pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
