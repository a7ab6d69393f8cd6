package checks

import (
	"bytes"
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/probe"
)

// installed is what the add-ons of testdata/healthy bring.
type installed struct {
	validating  []admissionregistrationv1.ValidatingWebhookConfiguration
	mutating    []admissionregistrationv1.MutatingWebhookConfiguration
	services    map[[2]string]corev1.Service
	deployments []appsv1.Deployment
}

func readInstalled(t *testing.T) installed {
	t.Helper()
	in := installed{services: map[[2]string]corev1.Service{}}
	for _, file := range []string{"rendered.yaml", "written.yaml"} {
		b, err := os.ReadFile(filepath.Join("..", "testdata", "healthy", file))
		if err != nil {
			t.Fatal(err)
		}
		for _, doc := range bytes.Split(b, []byte("\n---\n")) {
			var kind struct{ Kind string }
			var v admissionregistrationv1.ValidatingWebhookConfiguration
			var m admissionregistrationv1.MutatingWebhookConfiguration
			var s corev1.Service
			var d appsv1.Deployment
			if err := yaml.Unmarshal(doc, &kind); err != nil {
				t.Fatal(err)
			}
			into := map[string]any{"ValidatingWebhookConfiguration": &v, "MutatingWebhookConfiguration": &m, "Service": &s, "Deployment": &d}[kind.Kind]
			if into == nil {
				continue
			}
			if err := yaml.Unmarshal(doc, into); err != nil {
				t.Fatalf("%s: %v", doc, err)
			}
			switch kind.Kind {
			case "ValidatingWebhookConfiguration":
				in.validating = append(in.validating, v)
			case "MutatingWebhookConfiguration":
				in.mutating = append(in.mutating, m)
			case "Service":
				in.services[[2]string{s.Namespace, s.Name}] = s
			case "Deployment":
				in.deployments = append(in.deployments, d)
			}
		}
	}
	return in
}

// trusting has each webhook trust that authority, as they do once they run.
func (in installed) trusting(bundle []byte) {
	for _, c := range in.validating {
		for n := range c.Webhooks {
			c.Webhooks[n].ClientConfig.CABundle = bundle
		}
	}
	for _, c := range in.mutating {
		for n := range c.Webhooks {
			c.Webhooks[n].ClientConfig.CABundle = bundle
		}
	}
}

// references are the Services that the webhooks call, with the port.
func (in installed) references() map[[2]string]int32 {
	found := map[[2]string]int32{}
	note := func(c admissionregistrationv1.WebhookClientConfig) {
		if c.Service == nil {
			return
		}
		port := int32(443)
		if c.Service.Port != nil {
			port = *c.Service.Port
		}
		found[[2]string{c.Service.Namespace, c.Service.Name}] = port
	}
	for _, c := range in.validating {
		for _, w := range c.Webhooks {
			note(w.ClientConfig)
		}
	}
	for _, c := range in.mutating {
		for _, w := range c.Webhooks {
			note(w.ClientConfig)
		}
	}
	return found
}

// backend is the Deployment behind the Service; one with a single pod, that lacks nothing,
// where it is not shown.
func (in installed) backend(service [2]string) (replicas int32, labels map[string]string, name string, containers []facts.Container) {
	selector := in.services[service].Spec.Selector
	for _, d := range in.deployments {
		fits := selector != nil && d.Namespace == service[0]
		for k, v := range selector {
			fits = fits && d.Spec.Template.Labels[k] == v
		}
		if fits {
			replicas = 1
			if d.Spec.Replicas != nil {
				replicas = *d.Spec.Replicas
			}
			for _, c := range d.Spec.Template.Spec.Containers {
				containers = append(containers, facts.Container{Name: c.Name, Image: c.Image, Ports: map[string]int32{"https": 8443}, LivenessProbe: c.LivenessProbe != nil, ReadinessProbe: c.ReadinessProbe != nil,
					Requests: amounts(c.Resources.Requests), Limits: amounts(c.Resources.Limits)})
			}
			return replicas, d.Spec.Template.Labels, d.Name, containers
		}
	}
	memory := map[string]string{"memory": "256Mi"}
	return 1, map[string]string{"app": service[1]}, service[1], []facts.Container{{Name: service[1], Image: service[1], Ports: map[string]int32{"https": 8443}, LivenessProbe: true, ReadinessProbe: true, Requests: memory, Limits: memory}}
}

func amounts(of corev1.ResourceList) map[string]string {
	all := map[string]string{}
	for name, q := range of {
		all[string(name)] = q.String()
	}
	return all
}

// healthyWith is s with the add-ons, whose backends are ready and answer at once.
func healthyWith(t *testing.T, s *facts.Snapshot, in installed) *facts.Snapshot {
	t.Helper()
	in.trusting(anAuthority(t, s.Meta.CollectedAt))
	nodes := facts.Nodes.Of(s)
	services, endpoints, pods := slices.Clone(facts.Services.Of(s)), slices.Clone(facts.Endpoints.Of(s)), slices.Clone(facts.BackendPods.Of(s))
	workloads, groups, namespaces := slices.Clone(facts.BackendWorkloads.Of(s)), slices.Clone(facts.PodGroups.Of(s)), slices.Clone(facts.Namespaces.Of(s))
	n := 0
	made := map[[2]string]bool{}
	called := in.references()
	byName := func(a, b [2]string) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) }
	for _, service := range slices.SortedFunc(maps.Keys(called), byName) {
		port := called[service]
		replicas, labels, name, containers := in.backend(service)
		if !slices.ContainsFunc(namespaces, func(o facts.Namespace) bool { return o.Name == service[0] }) {
			namespaces = append(namespaces, facts.Namespace{Name: service[0], Labels: map[string]string{corev1.LabelMetadataName: service[0]}})
		}
		services = append(services, facts.Service{Namespace: service[0], Name: service[1], Type: "ClusterIP", ClusterIPs: []string{fmt.Sprintf("10.96.200.%d", len(services))}, Selector: labels,
			Ports: []facts.ServicePort{{Name: "https", Port: port, TargetPort: "8443", Protocol: "TCP"}}})
		e := facts.ServiceEndpoints{Namespace: service[0], Service: service[1]}
		for i := range replicas {
			pod := fmt.Sprintf("%s-5d8c9f7b6-%05d", name, i)
			ip := fmt.Sprintf("10.80.%d.%d", len(name), i+1)
			if !made[[2]string{service[0], name}] {
				n++
				pods = append(pods, facts.Pod{Namespace: service[0], Name: pod, Labels: labels, Node: nodes[n%len(nodes)].Name, IPs: []string{ip}, Phase: "Running", Ready: true, Owner: "ReplicaSet/" + name + "-5d8c9f7b6",
					Created: s.Meta.CollectedAt.Add(-240 * time.Hour), ReadySince: s.Meta.CollectedAt.Add(-240 * time.Hour),
					Containers: containers})
			}
			e.Endpoints = append(e.Endpoints, facts.Endpoint{IP: ip, PortName: "https", Port: 8443, Ready: true, Node: nodes[n%len(nodes)].Name, Pod: pod})
		}
		endpoints = append(endpoints, e)
		if made[[2]string{service[0], name}] {
			continue
		}
		made[[2]string{service[0], name}] = true
		workloads = append(workloads, facts.Workload{Kind: "Deployment", Namespace: service[0], Name: name, Selector: labels, Replicas: replicas, Ready: replicas})
		groups = append(groups, facts.PodGroup{Namespace: service[0], Kind: "Deployment", Name: name, Example: name + "-5d8c9f7b6-00000", Keeper: facts.OfUser, Labels: labels, Pods: replicas, Ready: replicas, Pools: map[string]int32{nodes[0].Pool: replicas}})
	}
	s = s.With(facts.Present(facts.ValidatingWebhooks, append(slices.Clone(facts.ValidatingWebhooks.Of(s)), in.validating...)),
		facts.Present(facts.MutatingWebhooks, append(slices.Clone(facts.MutatingWebhooks.Of(s)), in.mutating...)),
		facts.Present(facts.Services, services), facts.Present(facts.Endpoints, endpoints), facts.Present(facts.BackendPods, pods),
		facts.Present(facts.BackendWorkloads, workloads), facts.Present(facts.PodGroups, groups), facts.Present(facts.Namespaces, namespaces))
	return s.With(facts.Present(facts.Attempts, answeredWell(s)))
}

// answeredWell are the answers to all questions, at once and of every endpoint.
func answeredWell(s *facts.Snapshot) (all []facts.Attempt) {
	for _, r := range probe.Plan(s, probe.All(s), probe.Options{Vantage: facts.PodNetwork}) {
		switch {
		case r.Known != nil:
			all = append(all, *r.Known)
			continue
		case r.Skip != "":
			all = append(all, r.Attempt(facts.NotAsked, "", r.Skip))
			continue
		}
		a := r.Attempt(facts.Allowed, "", "")
		a.Milliseconds = 5
		if r.DryRun() {
			a.As = "system:apiserver"
			all = append(all, a)
			continue
		}
		a.CertificateNotBefore, a.CertificateNotAfter = s.Meta.CollectedAt.AddDate(0, -1, 0).Format(time.RFC3339), s.Meta.CollectedAt.AddDate(1, 0, 0).Format(time.RFC3339)
		for _, address := range r.Addresses {
			a.Target = address
			all = append(all, a)
		}
	}
	return all
}

// TestHealthyIsQuiet: what ten usual add-ons install by default, ready and answering, is no
// blocker, and is told of in three lines at most: who reads more of a cluster that is well
// does not read the rest.
func TestHealthyIsQuiet(t *testing.T) {
	base := allClear(t).With(facts.Present(facts.ValidatingWebhooks, []admissionregistrationv1.ValidatingWebhookConfiguration{}))
	base = base.With(facts.Present(facts.Attempts, answeredWell(base)))
	report := func(s *facts.Snapshot) preflight.Report {
		return preflight.NewReport(s, preflight.Run(s, All()), forecast.Of(s))
	}
	before, after := report(base), report(healthyWith(t, base, readInstalled(t)))
	told := map[string]bool{}
	for _, f := range before.Findings {
		told[f.Check+f.Severity.String()] = true
	}
	var more []string
	for _, f := range after.Findings {
		if f.Severity == preflight.Blocker {
			t.Errorf("a healthy cluster has a blocker: %s %s: %s", f.Check, f.Subject, f.Summary)
		}
		if line := f.Check + f.Severity.String(); !told[line] {
			told[line] = true
			more = append(more, fmt.Sprintf("%s %s: %s", f.Check, f.Subject, f.Summary))
		}
	}
	for _, o := range after.Open[min(len(before.Open), len(after.Open)):] {
		more = append(more, fmt.Sprintf("open: %s %s: %s", o.Check, o.Subject, o.Reason))
	}
	t.Logf("%d lines more:\n%s", len(more), strings.Join(more, "\n"))
	if len(more) > 3 {
		t.Errorf("they are told of in %d lines:\n%s", len(more), strings.Join(more, "\n"))
	}
	if after.Verdict != before.Verdict {
		t.Errorf("the verdict was %s, and is %s", before.Verdict, after.Verdict)
	}
}

// anAuthority is a caBundle with a certificate that is valid at that time.
func anAuthority(t *testing.T, at time.Time) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), IsCA: true, BasicConstraintsValid: true, NotBefore: at.AddDate(-1, 0, 0), NotAfter: at.AddDate(5, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
