package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

// A Happened is what became of the new replica, by what its process alone
// showed: its exit code, its log, its /readyz and its audit log.
type Happened struct {
	// Outcome is empty for an exit that no PostStartHook was named for.
	Outcome forecast.Outcome `json:"outcome"`
	// Seconds count from the start of the process until it was ready, had exited
	// or was given up.
	Seconds float64 `json:"seconds"`
	// Held is how long /readyz was red after it first answered.
	Held float64 `json:"held"`
	// Hooks are the one that the process ended with, the health checks that were
	// red last, or those that the writes belong to which keep failing.
	Hooks []string `json:"hooks,omitempty"`
	// Webhooks are the configurations and policies that the log and the answers to
	// its own writes name, because they failed, denied or were slow.
	Webhooks []string `json:"webhooks,omitempty"`
	// Failing are the writes that failed when last tried.
	Failing []string `json:"failing,omitempty"`
	// Said is the line that it ended with.
	Said string `json:"said,omitempty"`
}

// late is how long /readyz may be red after it first answered: on a replica that
// nothing holds up it is one or two seconds.
const late = 3 * time.Second

// observe reads what happened, with the replica's log.
func observe(out controlplane.Outcome) (Happened, error) {
	h := classify(out)
	f, err := os.Open(out.Replica.Log())
	if err != nil {
		return h, err
	}
	defer f.Close()
	h.Webhooks, err = blamed(f, out.FailedWrites)
	return h, err
}

func classify(out controlplane.Outcome) Happened {
	h := Happened{Seconds: tenth(out.After), Held: tenth(out.After - out.Answered), Said: afterBracket(out.Fatal)}
	for _, w := range out.FailedWrites {
		h.Failing = append(h.Failing, steady(w.Write))
	}
	slices.Sort(h.Failing)
	h.Failing = slices.Compact(h.Failing)
	switch {
	case out.State == controlplane.Exited && out.ExitCode == 255 && out.Hook != "":
		h.Outcome, h.Hooks = forecast.CrashLoop, []string{out.Hook}
	case out.State == controlplane.Exited:
	case out.State == controlplane.NotReady:
		h.Outcome, h.Hooks = forecast.NeverReady, hookNames(out.Failing)
	case out.After-out.Answered > late:
		h.Outcome, h.Hooks = forecast.Delayed, hookNames(out.LastRed)
	case len(out.FailedWrites) > 0:
		h.Outcome, h.Hooks = forecast.Degraded, hooksOf(h.Failing)
	default:
		h.Outcome = forecast.Ready
	}
	return h
}

// String is one line for a person.
func (h Happened) String() string {
	s := fmt.Sprintf("%s after %.1f s", h.Outcome, h.Seconds)
	if len(h.Hooks) > 0 {
		s += " in " + strings.Join(h.Hooks, ", ")
	}
	return s
}

func hookNames(checks []string) []string {
	var names []string
	for _, c := range checks {
		names = append(names, strings.TrimPrefix(c, "poststarthook/"))
	}
	return names
}

// writers say to which hook a write in the background belongs, by how the
// write begins.
var writers = []struct{ write, hook string }{
	{" configmaps kube-system/extension-apiserver-authentication", "start-cluster-authentication-info-controller"},
	{" configmaps kube-system/kube-apiserver-legacy", "start-legacy-token-tracking-controller"},
	{" leases.coordination.k8s.io kube-system/apiserver-", "start-kube-apiserver-identity-lease-controller"},
	{" endpoints default/kubernetes", "bootstrap-controller"},
	{" endpointslices.discovery.k8s.io default/kubernetes", "bootstrap-controller"},
	{" services default/kubernetes", "bootstrap-controller"},
	{" namespaces ", "start-system-namespaces-controller"},
	{" flowschemas.flowcontrol.apiserver.k8s.io/status ", "priority-and-fairness-config-consumer"},
	{" flowschemas.flowcontrol.apiserver.k8s.io ", "priority-and-fairness-config-producer"},
	{" servicecidrs.networking.k8s.io/status ", "start-kubernetes-service-cidr-controller"},
	{" apiservices.apiregistration.k8s.io ", "kube-apiserver-autoregistration"},
}

// hooksOf are the hooks that the writes belong to; a write of none that is known
// stands for itself.
func hooksOf(writes []string) []string {
	var hooks []string
	for _, w := range writes {
		hook := w
		for _, known := range writers {
			if strings.Contains(w, known.write) {
				hook = known.hook
				break
			}
		}
		hooks = append(hooks, hook)
	}
	slices.Sort(hooks)
	return slices.Compact(hooks)
}

// blame finds who is named for a call that failed, that was let pass, that was
// denied or that took longer than half a second, and a policy that denied.
var blame = regexp.MustCompile(`failed calling webhook \\*"([^"\\]+)|failing open ([^\s:]+)|admission webhook \\*"([^"\\]+)\\*" denied|configuration:[^,]+,webhook:([^,]+),|ValidatingAdmissionPolicy '([^']+)'`)

func blamed(log io.Reader, failed []controlplane.FailedWrite) ([]string, error) {
	var names []string
	note := func(line string) {
		for _, m := range blame.FindAllStringSubmatch(line, -1) {
			names = append(names, strings.TrimSuffix(strings.Join(m[1:], ""), ".rig.test"))
		}
	}
	lines := bufio.NewScanner(log)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		note(lines.Text())
	}
	for _, w := range failed {
		note(w.Message)
	}
	slices.Sort(names)
	return slices.Compact(names), lines.Err()
}

var identity = regexp.MustCompile(`kube-system/apiserver-\S+`)

// steady leaves out what differs from run to run: the identity lease's name.
func steady(write string) string {
	return identity.ReplaceAllString(write, "kube-system/apiserver-HASH")
}

// afterBracket leaves out a log line's time and place.
func afterBracket(line string) string {
	if _, said, ok := strings.Cut(line, "] "); ok {
		return said
	}
	return line
}

func tenth(d time.Duration) float64 {
	return float64(d.Round(100*time.Millisecond).Milliseconds()) / 1000
}
