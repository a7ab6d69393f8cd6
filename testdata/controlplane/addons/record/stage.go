package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
)

// A stage is a cluster that an add-on is installed on.
type stage struct {
	*rig.Cluster
	// namespace is the release's, registers what it has registered when it is done.
	namespace, registers string
	running              []*controlplane.Process
}

// install applies what was rendered, but for the webhooks; starts the programs behind the
// Services; applies the webhooks and then the policies, and returns when nothing more is
// registered.
func (s *stage) install(ctx context.Context, r recording, all []program, built map[string]string) error {
	objects, err := read(r.text)
	if err != nil {
		return err
	}
	var webhooks, rest []*unstructured.Unstructured
	for _, o := range objects {
		if strings.HasSuffix(o.GetKind(), "WebhookConfiguration") {
			webhooks = append(webhooks, o)
		} else {
			rest = append(rest, o)
		}
	}
	if err := s.Apply(ctx, s.namespace, rest); err != nil {
		return err
	}
	for n, p := range all {
		if err := s.start(ctx, n, p, built[p.pkg]); err != nil {
			return err
		}
	}
	if err := s.Apply(ctx, s.namespace, webhooks); err != nil {
		return err
	}
	if r.policies != "" {
		objects, err := read(filepath.Join(policies, r.policies))
		if err == nil {
			err = s.Apply(ctx, s.namespace, objects)
		}
		if err != nil {
			return err
		}
	}
	return s.settle(ctx)
}

func read(file string) ([]*unstructured.Unstructured, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	all, err := rig.Objects(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return all, nil
}

// settled is for how long nothing may have been registered any more.
const settled = 15 * time.Second

// settle returns when what is expected is registered, each webhook has a CA, and nothing
// has changed for a while.
func (s *stage) settle(ctx context.Context) error {
	var before []string
	since := time.Now()
	for {
		now, err := s.registered(ctx)
		if err != nil {
			return err
		}
		expected := slices.ContainsFunc(now, func(name string) bool { return strings.HasPrefix(name, s.registers) })
		if !expected || slices.ContainsFunc(now, withoutCA) || !slices.Equal(now, before) {
			before, since = now, time.Now()
		}
		if time.Since(since) > settled {
			return nil
		}
		if err := controlplane.Pause(ctx, time.Second); err != nil {
			return fmt.Errorf("what it registers does not settle: %w:\n%s", err, strings.Join(now, "\n"))
		}
	}
}

func withoutCA(registered string) bool { return strings.HasSuffix(registered, noCA) }

const noCA = " without a CA"

// registered are the webhooks, and the policies by their bindings, that there are.
func (s *stage) registered(ctx context.Context) (all []string, err error) {
	api := s.Client.AdmissionregistrationV1()
	validating, err := api.ValidatingWebhookConfigurations().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	mutating, err := api.MutatingWebhookConfigurations().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	bindings, err := api.ValidatingAdmissionPolicyBindings().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	webhook := func(name string, generation int64, to admissionregistrationv1.WebhookClientConfig) {
		name = fmt.Sprintf("%s, generation %d", name, generation)
		if len(to.CABundle) == 0 {
			name += noCA
		}
		all = append(all, name)
	}
	for _, c := range validating.Items {
		for _, w := range c.Webhooks {
			webhook(w.Name, c.Generation, w.ClientConfig)
		}
	}
	for _, c := range mutating.Items {
		for _, w := range c.Webhooks {
			webhook(w.Name, c.Generation, w.ClientConfig)
		}
	}
	for _, b := range bindings.Items {
		all = append(all, b.Name)
	}
	return all, nil
}

// said is what the programs said last.
func (s *stage) said() string {
	var b strings.Builder
	for _, p := range s.running {
		fmt.Fprintf(&b, "%s:\n", p.Name)
		for line := range strings.SplitSeq(p.Tail(12), "\n") {
			fmt.Fprintf(&b, "%.400s\n", line)
		}
	}
	return b.String()
}
