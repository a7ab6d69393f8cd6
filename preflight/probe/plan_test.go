package probe

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// write is the creation of a ClusterRole at start-up.
func write(name string) bootstrap.Write {
	gv := schema.GroupVersion{Group: "rbac.authorization.k8s.io", Version: "v1"}
	return bootstrap.Write{
		Hook: "rbac/bootstrap-roles", Operation: bootstrap.Create,
		Resource: gv.WithResource("clusterroles"), Kind: gv.WithKind("ClusterRole"), Name: name, User: bootstrap.Loopback,
		Object: &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": gv.String(), "kind": "ClusterRole", "metadata": map[string]any{"name": name},
		}},
	}
}

// opa is a webhook that would intercept w, changed by change.
func opa(w bootstrap.Write, change ...func(*admission.Interception)) admission.Interception {
	i := admission.Interception{
		Kind: admission.ValidatingWebhook, Name: "opa", Webhook: "opa.example.com", Fails: true, Timeout: 5 * time.Second, DryRunnable: true,
		Backend:  admission.Backend{Namespace: "opa", Name: "opa", Port: 443, Path: "/"},
		Resource: w.Resource, ObjectKind: w.Kind, Object: w.Object, OldObject: w.OldObject, ReviewVersions: []string{"v1", "v1beta1"},
	}
	for _, c := range change {
		c(&i)
	}
	return i
}

// snapshot has the Service opa/opa with two ready endpoints and one that is not.
func snapshot(change ...facts.Observation) *facts.Snapshot {
	s := facts.New(facts.Meta{},
		facts.Present(facts.Services, []facts.Service{
			{Namespace: "opa", Name: "opa", Type: "ClusterIP", ClusterIPs: []string{"10.1.0.1"}, Ports: []facts.ServicePort{{Name: "metrics", Port: 80}, {Name: "https", Port: 443}}},
		}),
		facts.Present(facts.Endpoints, []facts.ServiceEndpoints{{Namespace: "opa", Service: "opa", Endpoints: []facts.Endpoint{
			{IP: "10.0.0.2", PortName: "https", Port: 8443, Ready: true},
			{IP: "10.0.0.1", PortName: "https", Port: 8443, Ready: true},
			{IP: "10.0.0.3", PortName: "https", Port: 8443},
			{IP: "10.0.0.1", PortName: "metrics", Port: 8080, Ready: true},
		}}}))
	return s.With(change...)
}

func endpoints(es ...facts.Endpoint) facts.Observation {
	return facts.Present(facts.Endpoints, []facts.ServiceEndpoints{{Namespace: "opa", Service: "opa", Endpoints: es}})
}

func service(v facts.Service) facts.Observation {
	return facts.Present(facts.Services, []facts.Service{v})
}

func TestPlan(t *testing.T) {
	const (
		about = " about CREATE clusterroles.rbac.authorization.k8s.io a of rbac/bootstrap-roles"
		hook  = "ValidatingWebhookConfiguration opa (opa.example.com) at "
	)
	onlyDirect := Options{ServerDryRun: Never}
	onPods := Options{ServerDryRun: Never, Vantage: facts.PodNetwork}
	w := write("a")
	url := func(u string) func(*admission.Interception) {
		return func(i *admission.Interception) { i.Backend = admission.Backend{URL: u} }
	}
	noDryRun := func(i *admission.Interception) { i.DryRunnable = false }
	for _, test := range []struct {
		name    string
		s       *facts.Snapshot
		by      []admission.Interception
		options Options
		want    []string
	}{{
		name: "through the service proxy, and by a dry-run beside it",
		s:    snapshot(), by: []admission.Interception{opa(w)},
		want: []string{
			"dry-run CREATE clusterroles.rbac.authorization.k8s.io a of rbac/bootstrap-roles, within 11.25s",
			"ask " + hook + "opa/opa:443 from service-proxy" + about + ", within 5s",
		},
	}, {
		name: "a dry-run waits for the slowest webhook or, if told to, for the API server",
		s:    snapshot(), by: []admission.Interception{opa(w, func(i *admission.Interception) { i.Timeout, i.Denial = 30*time.Second, "denied" })},
		options: Options{ServerDryRun: Always},
		want:    []string{"dry-run CREATE clusterroles.rbac.authorization.k8s.io a of rbac/bootstrap-roles, within 35s"},
	}, {
		name: "from the pod network, at each ready endpoint",
		s:    snapshot(), by: []admission.Interception{opa(w)}, options: onPods,
		want: []string{"ask " + hook + "opa/opa:443 from pod-network" + about + ": 10.0.0.1:8443, 10.0.0.2:8443, within 5s"},
	}, {
		name: "of two IP families, the Service's first",
		s: snapshot(endpoints(
			facts.Endpoint{IP: "fd00::1", PortName: "https", Port: 8443, Ready: true},
			facts.Endpoint{IP: "10.0.0.1", PortName: "https", Port: 8443, Ready: true})),
		by: []admission.Interception{opa(w)}, options: onPods,
		want: []string{"ask " + hook + "opa/opa:443 from pod-network" + about + ": 10.0.0.1:8443, within 5s"},
	}, {
		name: "of two IP families, the other if the first has nobody ready",
		s:    snapshot(endpoints(facts.Endpoint{IP: "fd00::1", PortName: "https", Port: 8443, Ready: true})),
		by:   []admission.Interception{opa(w)}, options: onPods,
		want: []string{"ask " + hook + "opa/opa:443 from pod-network" + about + ": [fd00::1]:8443, within 5s"},
	}, {
		name: "a webhook with side effects is asked for its certificate at most",
		s:    snapshot(), by: []admission.Interception{opa(w, noDryRun)}, options: onPods,
		want: []string{"shake hands with " + hook + "opa/opa:443 from pod-network" + about + ": 10.0.0.1:8443, 10.0.0.2:8443, within 5s"},
	}, {
		name: "a webhook with side effects can't be asked through the service proxy, nor by a dry-run",
		s:    snapshot(), by: []admission.Interception{opa(w, noDryRun)},
		want: []string{
			"skip CREATE clusterroles.rbac.authorization.k8s.io a of rbac/bootstrap-roles: the API server refuses a dry-run through webhook opa.example.com of opa, whose sideEffects are not declared as None or NoneOnDryRun",
			"skip " + hook + "opa/opa:443 from service-proxy" + about + ": its sideEffects are not declared as None or NoneOnDryRun, so no review may be sent, and the service proxy can't make a TLS handshake alone",
		},
	}, {
		name: "a URL is asked directly, wherever the Services are asked from",
		s:    snapshot(), by: []admission.Interception{opa(w, url("https://hooks.example.com/opa"))}, options: onlyDirect,
		want: []string{"ask " + hook + "https://hooks.example.com/opa from url" + about + ", within 5s"},
	}, {
		name: "a URL on the API server's host is not asked",
		s:    snapshot(), by: []admission.Interception{opa(w, url("https://127.0.0.1:8443/opa"))}, options: onlyDirect,
		want: []string{"skip " + hook + "https://127.0.0.1:8443/opa from url" + about + ": its URL is on the API server's own host, and would be another program's here"},
	}, {
		name: "a URL without TLS is not asked",
		s:    snapshot(), by: []admission.Interception{opa(w, url("http://hooks.example.com/opa"))}, options: onlyDirect,
		want: []string{"skip " + hook + "http://hooks.example.com/opa from url" + about + ": its URL is not one of https"},
	}, {
		name: "GKE's own webhooks are not asked",
		s:    snapshot(), options: onlyDirect,
		by: []admission.Interception{opa(w, url("https://localhost:5443/"), func(i *admission.Interception) {
			i.Name, i.Webhook = "warden-validating", "warden-validating.common-webhooks.networking.gke.io"
		})},
		want: []string{"skip ValidatingWebhookConfiguration warden-validating (warden-validating.common-webhooks.networking.gke.io) at https://localhost:5443/ from url" + about + ": GKE runs it beside each API server, where nobody else can ask it"},
	}, {
		name: "the API server is not asked as a webhook of its own",
		s:    snapshot(), options: onlyDirect,
		by: []admission.Interception{opa(w, func(i *admission.Interception) {
			i.Backend.Namespace, i.Backend.Name = "default", "kubernetes"
		})},
		want: []string{"skip " + hook + "default/kubernetes:443 from service-proxy" + about + ": it is behind the API server itself, which calls it with credentials of its own"},
	}, {
		name: "no Service",
		s:    snapshot(service(facts.Service{Namespace: "opa", Name: "other"})), by: []admission.Interception{opa(w)}, options: onlyDirect,
		want: []string{"know " + hook + "opa/opa:443 from service-proxy" + about + ": no-endpoints: service opa/opa does not exist"},
	}, {
		name: "no such port",
		s:    snapshot(service(facts.Service{Namespace: "opa", Name: "opa", Ports: []facts.ServicePort{{Port: 8443}}})), by: []admission.Interception{opa(w)}, options: onlyDirect,
		want: []string{"know " + hook + "opa/opa:443 from service-proxy" + about + ": no-endpoints: service opa/opa has no port 443"},
	}, {
		name: "no endpoints",
		s:    snapshot(endpoints(facts.Endpoint{IP: "10.0.0.1", PortName: "metrics", Port: 80, Ready: true})), by: []admission.Interception{opa(w)}, options: onPods,
		want: []string{"know " + hook + "opa/opa:443 from pod-network" + about + ": no-endpoints: service opa/opa has no endpoints"},
	}, {
		name: "no ready endpoint",
		s:    snapshot(endpoints(facts.Endpoint{IP: "10.0.0.1", PortName: "https", Port: 8443})), by: []admission.Interception{opa(w)}, options: onlyDirect,
		want: []string{"know " + hook + "opa/opa:443 from service-proxy" + about + ": no-endpoints: service opa/opa has no ready endpoint, of 1"},
	}, {
		name: "a Service by another name",
		s:    snapshot(service(facts.Service{Namespace: "opa", Name: "opa", Type: "ExternalName", ExternalName: "example.com"})), by: []admission.Interception{opa(w)}, options: onlyDirect,
		want: []string{"skip " + hook + "opa/opa:443 from service-proxy" + about + ": service opa/opa is of type ExternalName: whether a call can be made depends on how the control plane was started"},
	}, {
		name: "the service proxy finds Services that the tool may not list",
		s:    snapshot(facts.Absent(facts.Services, facts.Forbidden, "no")), by: []admission.Interception{opa(w)}, options: onlyDirect,
		want: []string{"ask " + hook + "opa/opa:443 from service-proxy" + about + ", within 5s"},
	}, {
		name: "from the pod network the addresses must be known",
		s:    snapshot(facts.Absent(facts.Endpoints, facts.Forbidden, "no")), by: []admission.Interception{opa(w)}, options: onPods,
		want: []string{"skip " + hook + "opa/opa:443 from pod-network" + about + ": its addresses are not known: could not read endpoints (forbidden: no)"},
	}, {
		name: "a webhook that takes no review that the API server sends",
		s:    snapshot(), by: []admission.Interception{opa(w, func(i *admission.Interception) { i.ReviewVersions = []string{"v2"} })}, options: onlyDirect,
		want: []string{"know " + hook + "opa/opa:443 from service-proxy" + about + ": bad-answer: it takes AdmissionReview [v2] and the API server sends only v1 and v1beta1, so that every call fails"},
	}, {
		name: "an object that can't be converted",
		s:    snapshot(), by: []admission.Interception{opa(w, func(i *admission.Interception) { i.ObjectKind.Version, i.Object = "v1beta1", nil })}, options: onlyDirect,
		want: []string{"skip " + hook + "opa/opa:443 from service-proxy" + about + ": it is called with the object as rbac.authorization.k8s.io/v1beta1, Kind=ClusterRole, into which it can't be converted here"},
	}, {
		name: "policies are not asked, and neither is a webhook whose matchConditions reject",
		s:    snapshot(), options: onlyDirect,
		by: []admission.Interception{
			{Kind: admission.MutatingPolicy, Name: "p"}, {Kind: admission.ValidatingPolicy, Name: "p"},
			opa(w, func(i *admission.Interception) { i.Denial = "no" }),
		},
	}} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, r := range Plan(test.s, []admission.Intercepted{{Write: w, By: test.by}}, test.options) {
				got = append(got, r.String())
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSample(t *testing.T) {
	var many []admission.Intercepted
	for n := range 1000 {
		w := write(fmt.Sprint(n))
		other := func(i *admission.Interception) { i.Name = "other" }
		handshake := func(i *admission.Interception) { i.Name, i.DryRunnable = "side-effects", false }
		if n%2 == 1 {
			w.Hook = "another"
		}
		many = append(many, admission.Intercepted{Write: w, By: []admission.Interception{opa(w), opa(w, other), opa(w, handshake)}})
	}
	count := func(o Options) map[string]int {
		counts := map[string]int{}
		for _, r := range Plan(snapshot(), many, o) {
			counts[strings.Fields(r.String())[0]+" "+r.Interception.Name]++
		}
		return counts
	}
	want := map[string]int{"ask opa": 40, "ask other": 40, "shake side-effects": 1, "skip ": 2}
	if diff := cmp.Diff(want, count(Options{Vantage: facts.PodNetwork})); diff != "" {
		t.Error(diff)
	}
	for n := range many {
		many[n].By = many[n].By[:1]
	}
	if diff := cmp.Diff(map[string]int{"ask opa": 6, "dry-run ": 6}, count(Options{Sample: 3})); diff != "" {
		t.Error(diff)
	}
}

func TestNewKindIsNotDryRun(t *testing.T) {
	w := write("a")
	w.NewKind = true
	for _, r := range Plan(snapshot(), []admission.Intercepted{{Write: w, By: []admission.Interception{opa(w)}}}, Options{}) {
		if r.DryRun() {
			t.Error(r)
		}
	}
}

func TestPlanIsRepeatable(t *testing.T) {
	w := write("a")
	in := []admission.Intercepted{{Write: w, By: []admission.Interception{opa(w)}}}
	a, b := Plan(snapshot(), in, Options{}), Plan(snapshot(), in, Options{})
	if !slices.EqualFunc(a, b, func(a, b Request) bool { return string(a.Review) == string(b.Review) && a.String() == b.String() }) {
		t.Errorf("two plans differ:\n%v\n%v", a, b)
	}
}

func TestAttempt(t *testing.T) {
	w := write("a")
	r := Plan(snapshot(), []admission.Intercepted{{Write: w, By: []admission.Interception{opa(w)}}}, Options{ServerDryRun: Never})[0]
	want := facts.Attempt{
		Type: "Validating", Config: "opa", Webhook: "opa.example.com", Write: w.Key(), Vantage: facts.ServiceProxy, Target: "opa/opa:443",
		Answer: facts.BadAnswer, Fault: facts.WrongUID, Detail: "other",
	}
	if diff := cmp.Diff(want, r.Attempt(facts.BadAnswer, facts.WrongUID, "other")); diff != "" {
		t.Error(diff)
	}
}
