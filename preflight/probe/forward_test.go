package probe

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

func TestForward(t *testing.T) {
	const (
		about = " about CREATE clusterroles.rbac.authorization.k8s.io a of rbac/bootstrap-roles"
		from  = "ValidatingWebhookConfiguration opa (opa.example.com) at opa/opa:443 from port-forward" + about
	)
	ready := func(ip, pod string) facts.Endpoint {
		return facts.Endpoint{IP: ip, PortName: "https", Port: 8443, Ready: true, Pod: pod}
	}
	var many []facts.Endpoint
	var first []string
	for n := range 40 {
		many = append(many, ready(fmt.Sprintf("10.0.0.%d", n+1), fmt.Sprintf("opa-%02d", n)))
		if n < MaxEndpoints {
			first = append(first, fmt.Sprintf("opa/opa-%02d:8443", n))
		}
	}
	two := endpoints(ready("10.0.0.2", "opa-b"), ready("10.0.0.1", "opa-a"), facts.Endpoint{IP: "10.0.0.3", PortName: "https", Port: 8443, Pod: "opa-c"})
	fromOutside := Options{ServerDryRun: Never, PortForward: true}
	w := write("a")
	for name, test := range map[string]struct {
		s       *facts.Snapshot
		change  func(*admission.Interception)
		options Options
		want    []string
	}{
		"each ready Pod": {s: snapshot(two), options: fromOutside,
			want: []string{"ask " + from + ": opa/opa-a:8443, opa/opa-b:8443, within 5s"}},
		"the only Pod is asked through the service proxy": {s: snapshot(endpoints(ready("10.0.0.1", "opa-a"))), options: fromOutside,
			want: []string{"shake hands with " + from + ": opa/opa-a:8443, within 5s"}},
		"of two IP families, each Pod once": {
			s:       snapshot(endpoints(ready("fd00::1", "opa-a"), ready("10.0.0.1", "opa-a"))),
			options: fromOutside, want: []string{"shake hands with " + from + ": opa/opa-a:8443, within 5s"}},
		"a webhook with side effects": {s: snapshot(two), options: fromOutside, change: func(i *admission.Interception) { i.DryRunnable = false },
			want: []string{"shake hands with " + from + ": opa/opa-a:8443, opa/opa-b:8443, within 5s"}},
		"no more than that many": {s: snapshot(endpoints(many...)), options: fromOutside, want: []string{
			"skip " + from + ": of its 40 ready Pods only 32 are asked",
			"ask " + from + ": " + strings.Join(first, ", ") + ", within 5s",
		}},
		"an address that is no Pod's": {s: snapshot(endpoints(ready("10.0.0.1", ""), ready("10.0.0.2", "opa-b"))), options: fromOutside, want: []string{
			"skip " + from + ": 10.0.0.1:8443 is no Pod's, so there is no port of a Pod to forward",
			"ask " + from + ": opa/opa-b:8443, within 5s",
		}},
		"the Pods are not known": {s: snapshot(facts.Absent(facts.Endpoints, facts.Forbidden, "no")), options: fromOutside,
			want: []string{"skip " + from + ": its Pods are not known: could not read endpoints (forbidden: no)"}},
		"the Services are not known": {s: snapshot(facts.Absent(facts.Services, facts.Forbidden, "no")), options: fromOutside,
			want: []string{"skip " + from + ": its Pods are not known: could not read services (forbidden: no)"}},

		"not asked for":                      {s: snapshot(two), options: Options{ServerDryRun: Never}},
		"the pod network shows certificates": {s: snapshot(two), options: Options{ServerDryRun: Never, PortForward: true, Vantage: facts.PodNetwork}},
		"nobody is ready":                    {s: snapshot(endpoints()), options: fromOutside},
		"no such Service":                    {s: snapshot(service(facts.Service{Namespace: "opa", Name: "other"})), options: fromOutside},
		"a Service by another name":          {s: snapshot(service(facts.Service{Namespace: "opa", Name: "opa", Type: "ExternalName"})), options: fromOutside},
		"a URL": {s: snapshot(two), options: fromOutside, change: func(i *admission.Interception) {
			i.Backend = admission.Backend{URL: "https://hooks.example.com/"}
		}},
		"the API server itself": {s: snapshot(two), options: fromOutside, change: func(i *admission.Interception) {
			i.Backend.Namespace, i.Backend.Name = "default", "kubernetes"
		}},
	} {
		t.Run(name, func(t *testing.T) {
			by := opa(w)
			if test.change != nil {
				test.change(&by)
			}
			var got []string
			for _, r := range Plan(test.s, []admission.Intercepted{{Write: w, By: []admission.Interception{by}}, {Write: write("b"), By: []admission.Interception{by}}}, test.options) {
				if r.Vantage == facts.PortForward {
					got = append(got, r.String())
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
