package controlplane

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// The liveness probe of kubernetes cluster/gce/manifests/kube-apiserver.manifest, with
// the defaults of the API and of configure-kubeapiserver.sh for what it leaves out, and
// the kubelet's own pauses between restarts. What GKE sets is not public.
const (
	livez        = "/livez?exclude=etcd&exclude=kms-provider-0&exclude=kms-provider-1"
	initialDelay = 15 * time.Second
	period       = 10 * time.Second
	threshold    = 3
	grace        = 30 * time.Second
	firstPause   = 10 * time.Second
	longestPause = 5 * time.Minute
)

// Killed: the kubelet ended the process, which was not live in time.
const Killed State = "killed"

// A Life is one run of a supervised API server.
type Life struct {
	// Began counts from the first life's start; the other times count from this life's.
	Began time.Duration
	// State is [Ready], [Exited] by itself, [Killed], or [NotReady] when the time was over.
	State State
	// Ready is when /readyz first answered 200, Asked when the process was asked to end,
	// and Gone when it had ended; each zero if that never was.
	Ready, Asked, Gone time.Duration
	// Fatal is the line that its log ends with; empty for none.
	Fatal string
}

// String is one line for a person.
func (l Life) String() string {
	round := func(d time.Duration) time.Duration { return d.Round(100 * time.Millisecond) }
	s := fmt.Sprintf("life from %s on: %s", round(l.Began), l.State)
	if l.Ready > 0 {
		s += fmt.Sprintf(", ready after %s", round(l.Ready))
	}
	if l.Asked > 0 {
		s += fmt.Sprintf(", asked to end after %s", round(l.Asked))
	}
	if l.Gone > 0 {
		s += fmt.Sprintf(", gone after %s", round(l.Gone))
	}
	return s
}

// Supervise is [Cluster.Upgrade] under a kubelet with the liveness probe of GCE's
// manifest, which restarts the API server until it is ready or ctx is done. phase is when
// within a period the probe falls, from 0 to 1: the kubelet's ticker does not start with
// the container, so that it may be anything. flags are added to those of the API server.
func (c *Cluster) Supervise(ctx context.Context, minor string, phase float64, flags ...string) ([]Life, error) {
	r, err := c.startReplica(minor, len(c.Replicas()), flags)
	if err != nil {
		return nil, err
	}
	began := r.process.Started
	var lives []Life
	for n := 0; ; n++ {
		l, err := r.live(ctx, phase)
		if err != nil {
			return lives, err
		}
		l.Began = r.process.Started.Sub(began)
		lives = append(lives, l)
		if l.State == Ready || l.State == NotReady || Pause(ctx, pauseAfter(n)) != nil {
			return lives, nil
		}
		if r.process, err = r.launch(r.file(fmt.Sprintf("log-%d", n+2))); err != nil {
			return lives, err
		}
	}
}

// pauseAfter is how long a kubelet waits after the n-th life, from 0 on (kubernetes
// pkg/kubelet/kuberuntime/kuberuntime_manager.go, doBackOff).
func pauseAfter(n int) time.Duration {
	if n == 0 {
		return 0
	}
	return min(firstPause<<min(n-1, 10), longestPause)
}

// live follows one life.
func (r *Replica) live(ctx context.Context, phase float64) (l Life, err error) {
	next := time.NewTimer(initialDelay + time.Duration(phase*float64(period)))
	defer next.Stop()
	poll := time.NewTicker(200 * time.Millisecond)
	defer poll.Stop()
	p, red := r.process, 0
	for {
		select {
		case <-p.exited:
			l.State, l.Gone = Exited, p.ended.Sub(p.Started)
			l.Fatal, _, err = fatalLine(p.Log)
			return l, err
		case <-ctx.Done():
			l.State = NotReady
			return l, nil
		case <-poll.C:
			if r.ready(ctx) {
				l.State, l.Ready = Ready, time.Since(p.Started)
				return l, nil
			}
		case <-next.C:
			next.Reset(period)
			if code, err := status(ctx, r.client, r.URL()+livez); err == nil && code < http.StatusBadRequest {
				red = 0
				continue
			}
			if red++; red < threshold {
				continue
			}
			l.State, l.Asked = Killed, time.Since(p.Started)
			if err := p.end(grace); err != nil {
				return l, err
			}
			l.Gone = p.ended.Sub(p.Started)
			l.Fatal, _, err = fatalLine(p.Log)
			return l, err
		}
	}
}
