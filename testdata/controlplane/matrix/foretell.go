package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

// A Foretold is what the tool said.
type Foretold struct {
	Outcome forecast.Outcome `json:"outcome"`
	// AtBest is ready where it was said that the replica is as usual or late.
	AtBest forecast.Outcome `json:"atBest,omitempty"`
	// AtWorst is what it could not rule out; empty unless the outcome is unknown.
	AtWorst forecast.Outcome `json:"atWorst,omitempty"`
	// Seconds is when the replica is ready or exits; nil if that was not said.
	Seconds *forecast.Seconds `json:"seconds,omitempty"`
	// Hooks are those that the outcome comes from, Webhooks who is blamed there,
	// or in a hook that it waits for: who certainly rejects or holds up writes,
	// else who may.
	Hooks    []string `json:"hooks,omitempty"`
	Webhooks []string `json:"webhooks,omitempty"`
	// Rejected are the writes that were said to be rejected, as [steady] has them.
	Rejected []string `json:"rejected,omitempty"`
	// Problem says why nothing was foretold.
	Problem string `json:"problem,omitempty"`
}

// tool is the path of the binary.
type tool string

func build(ctx context.Context, dir string) (tool, error) {
	file := filepath.Join(dir, "gke-preflight")
	out, err := exec.CommandContext(ctx, "go", "build", "-o", file, "github.com/gke-preflight/gke-preflight/cmd/gke-preflight").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build gke-preflight: %w: %s", err, out)
	}
	return tool(file), nil
}

// foretell runs the tool as a user would.
func (x tool) foretell(ctx context.Context, kubeconfig, target, vantage string) (Foretold, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, string(x), "check", "--kubeconfig", kubeconfig, "--no-gke", "--target-version", target, "--vantage", vantage, "-o", "json")
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() == preflight.ExitCouldNotRun) {
		return Foretold{}, fmt.Errorf("gke-preflight check: %w: %s", err, stderr.String())
	}
	var report preflight.Report
	if err := json.Unmarshal(stdout.Bytes(), &report); err != nil {
		return Foretold{}, fmt.Errorf("gke-preflight check: %w: %s", err, stderr.String())
	}
	return summarize(report.Forecast.ControlPlane), nil
}

func summarize(cp forecast.ControlPlane) Foretold {
	f := Foretold{Outcome: cp.Outcome, AtBest: cp.AtBest, Problem: cp.Problem, Seconds: cp.ReadyAfterSeconds}
	if cp.ExitsAfterSeconds != nil {
		f.Seconds = cp.ExitsAfterSeconds
	}
	for _, h := range decisive(cp) {
		f.Hooks = append(f.Hooks, h.Name)
		if h.Outcome == forecast.Unknown {
			f.AtWorst = h.AtWorst
		}
		f.Webhooks = append(f.Webhooks, blameOf(cp, h)...)
	}
	slices.Sort(f.Webhooks)
	f.Webhooks = slices.Compact(f.Webhooks)
	for _, h := range cp.Hooks {
		for _, w := range h.Writes {
			if w.Effect == forecast.Rejects {
				f.Rejected = append(f.Rejected, steady(described(w)))
			}
		}
	}
	slices.Sort(f.Rejected)
	f.Rejected = slices.Compact(f.Rejected)
	return f
}

// blameOf names who is at fault for what becomes of h.
func blameOf(cp forecast.ControlPlane, h forecast.Hook) []string {
	var names []string
	for _, c := range cp.AtFault(h) {
		names = append(names, cmp.Or(c.Name, string(c.Kind)))
	}
	return names
}

// decisive are the hooks that the outcome comes from: those that have it and, of
// those that exit or are late, the ones that do so when the replica does.
func decisive(cp forecast.ControlPlane) []forecast.Hook {
	var hooks []forecast.Hook
	latest := 0.0
	for _, h := range cp.Hooks {
		if h.Outcome != cp.Outcome || h.Outcome == forecast.Ready {
			continue
		}
		hooks = append(hooks, h)
		if h.Seconds != nil {
			latest = max(latest, h.Seconds.Max)
		}
	}
	return slices.DeleteFunc(hooks, func(h forecast.Hook) bool {
		switch {
		case h.Seconds == nil:
			return false
		case cp.Outcome == forecast.CrashLoop && cp.ExitsAfterSeconds != nil:
			return h.Seconds.Min > cp.ExitsAfterSeconds.Max
		case cp.Outcome == forecast.Delayed:
			return h.Seconds.Max < latest
		}
		return false
	})
}

// described renders a write as the rig does.
func described(w forecast.Write) string {
	name := w.Name
	if w.Namespace != "" {
		name = w.Namespace + "/" + name
	}
	return strings.ToLower(w.Verb) + " " + w.Resource + " " + name
}
