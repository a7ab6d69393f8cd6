package render

import (
	"time"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/outage"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
	"github.com/gke-preflight/gke-preflight/preflight/simulation"
)

const (
	bootstrapRoles = "rbac/bootstrap-roles"
	authInfo       = "start-cluster-authentication-info-controller"
	lease          = "start-kube-apiserver-identity-lease-controller"
	roles          = "clusterroles.rbac.authorization.k8s.io"
	bindings       = "clusterrolebindings.rbac.authorization.k8s.io"
)

// base is a report in which every check passed and every fact was read.
func base() preflight.Report {
	r := preflight.Report{
		Schema: preflight.ReportSchema, Verdict: preflight.Ready, Tool: "v0.1.0",
		Cluster:       preflight.ReportCluster{Name: "prod", Location: "europe-west1", Project: "acme-prod", Version: "v1.35.4-gke.1200"},
		TargetVersion: "1.36.3-gke.100", TargetOrigin: "the version GKE upgrades to next",
		CollectedAt: time.Date(2026, 11, 22, 14, 3, 0, 0, time.UTC), Identity: "sre@acme.example",
		Forecast: preflight.Foretold{Forecast: forecast.Forecast{
			ControlPlane: forecast.ControlPlane{
				Outcome: forecast.Ready, ReadyAfterSeconds: &forecast.Seconds{Min: 2.5, Max: 6},
				Hooks: []forecast.Hook{
					{Name: bootstrapRoles, Outcome: forecast.Ready, Fatal: true, DeadlineSeconds: 30, Writes: passing(rbacWrites())},
					{Name: authInfo, Outcome: forecast.Ready, Writes: []forecast.Write{authWrite()}},
					{Name: lease, Outcome: forecast.Ready, Writes: []forecast.Write{{Verb: "CREATE", Resource: "leases.coordination.k8s.io", Namespace: "kube-system", Name: "apiserver-x", Effect: forecast.Passes}}},
				},
			},
			Nodes: forecast.Nodes{Total: 5, Exposed: 5, Pools: []forecast.Pool{{Name: "default-pool", Nodes: 3}, {Name: "gpu", Nodes: 2}}},
		}, Outage: outage.Outage{Timeline: []outage.Moment{}}},
		Findings: []preflight.Finding{}, Open: []preflight.OpenQuestion{},
	}
	for _, c := range [][3]string{
		{"GP101", "startup-write-blocked", "A webhook or policy keeps the new replica from starting"},
		{"GP102", "startup-delayed", "A webhook or policy delays the new replica"},
		{"GP103", "startup-degraded", "A webhook or policy makes a background write of the new replica fail"},
		{"GP104", "fail-closed-in-fatal-path", "A fail-closed webhook stands in the path of a fatal PostStartHook"},
		{"GP112", "webhook-no-ready-endpoints", "A webhook's Service has no ready endpoints"},
		{"GP113", "webhook-not-answering", "A webhook's backend does not answer"},
		{"GP201", "auto-repair-exposed", "Auto-repair would recreate nodes while the API is down"},
		{"GP202", "node-not-ready", "A node is not ready"},
		{"GP501", "cluster-busy-or-broken", "The cluster is in a state that refuses or endangers an upgrade"},
	} {
		s := preflight.Warning
		if c[0] == "GP101" || c[0] == "GP501" {
			s = preflight.Blocker
		}
		r.Checks = append(r.Checks, preflight.CheckStatus{ID: c[0], Name: c[1], Title: c[2], Severity: s, Status: preflight.Pass})
	}
	for _, id := range []string{"server-version", "validating-webhooks", "nodes", "node-leases", "gke-cluster", "gke-node-pools", "attempts"} {
		r.Facts = append(r.Facts, preflight.FactStatus{ID: id, Present: true})
	}
	return r
}

func rbacWrites() []forecast.Write {
	var ws []forecast.Write
	for _, name := range []string{"system:controller:persistentvolume-binder", "system:kube-scheduler", "system:monitoring", "system:node"} {
		ws = append(ws, forecast.Write{Verb: "UPDATE", Resource: roles, Name: name})
	}
	return append(ws,
		forecast.Write{Verb: "CREATE", Resource: roles, Name: "system:controller:device-taint-eviction-controller"},
		forecast.Write{Verb: "CREATE", Resource: bindings, Name: "system:controller:device-taint-eviction-controller"})
}

func authWrite() forecast.Write {
	return forecast.Write{Verb: "UPDATE", Resource: "configmaps", Namespace: "kube-system", Name: "extension-apiserver-authentication", Condition: "if the new replica's CA data differ", Effect: forecast.Passes}
}

func passing(ws []forecast.Write) []forecast.Write {
	return by(ws, forecast.Interception{Culprit: admission.Culprit{Kind: "ValidatingWebhookConfiguration", Name: "kyverno", Webhook: "validate.kyverno.svc-fail"}, FailurePolicy: "Fail", Answer: "allowed", Milliseconds: 12, Vantage: "service-proxy", Effect: forecast.Passes})
}

// by lets i intercept all of ws, which come out as its effect says.
func by(ws []forecast.Write, i forecast.Interception) []forecast.Write {
	for n := range ws {
		ws[n].Effect = i.Effect
		ws[n].Seconds = forecast.Seconds{Min: float64(i.Milliseconds) / 1000, Max: float64(i.Milliseconds) / 1000}
		ws[n].InterceptedBy = append(ws[n].InterceptedBy, i)
	}
	return ws
}

func set(r *preflight.Report, check string, s preflight.Status, reason string) {
	for n := range r.Checks {
		if r.Checks[n].ID == check {
			r.Checks[n].Status, r.Checks[n].Reason = s, reason
		}
	}
}

func unread(r *preflight.Report, fact, absence string) {
	for n := range r.Facts {
		if r.Facts[n].ID == fact {
			r.Facts[n] = preflight.FactStatus{ID: fact, Absence: absence}
		}
	}
	*r = completed(*r)
}

var opa = preflight.Subject{Kind: "ValidatingWebhookConfiguration", Name: "opa-validating-webhook", Webhook: "validating-webhook.openpolicyagent.org"}

func opaHung(e forecast.Effect, policy string) forecast.Interception {
	return forecast.Interception{Culprit: admission.Culprit{Kind: admission.Kind(opa.Kind), Name: opa.Name, Webhook: opa.Webhook}, FailurePolicy: policy, Answer: "hung", Milliseconds: 10002, Vantage: "service-proxy", Effect: e}
}

func notAnswering() preflight.Finding {
	return preflight.Finding{
		Check: "GP113", Severity: preflight.Warning, Subject: opa,
		Summary:  "service opa/opa does not answer: webhook validating-webhook.openpolicyagent.org of opa-validating-webhook got no answer within 10.0 s",
		Evidence: []preflight.Evidence{{Fact: "attempts", Path: "/0", Value: map[string]any{"answer": "hung"}, Note: "hung after 10002 ms, seen from service-proxy"}},
		Steps:    remedy.Do("look at the backend, and restart it", remedy.Sh("kubectl -n opa get pods -l app=opa"), remedy.Sh("kubectl -n opa rollout restart deployment opa")),
	}
}

func exempt() remedy.Steps {
	return remedy.Do(`narrow the rules of webhook "validating-webhook.openpolicyagent.org" to the kinds its policy covers`).
		Or("exempt the API server itself by a matchCondition", remedy.Sh("kubectl edit validatingwebhookconfiguration opa-validating-webhook"),
			remedy.YAML("matchConditions:\n- name: not-the-api-server\n  expression: request.userInfo.username != \"system:apiserver\""))
}

// remedied has findings say their steps in one text, and know the add-on of their
// subject, as the engine does.
func remedied(r preflight.Report) preflight.Report {
	for n := range r.Findings {
		r.Findings[n].Remedy = r.Findings[n].Steps.String()
		if r.Findings[n].Subject == opa {
			r.Findings[n].Addon = &preflight.KnownAddon{
				Name: "opa", Title: "Open Policy Agent", Verdict: simulation.Endangered, Do: "set failurePolicy: Ignore and timeoutSeconds: 1 on the webhook",
				Docs: "https://github.com/gke-preflight/gke-preflight/blob/main/docs/map/opa.md",
			}
		}
	}
	return r
}

// lost is the outage of a regional cluster.
func lost() outage.Outage {
	most := 125.0
	return outage.Outage{Timeline: []outage.Moment{
		{Event: outage.UpgradeBegins, Since: outage.UpgradeBegins, AfterSeconds: &outage.Span{Max: new(float64)}, Scope: "control plane", Text: "one of 3 API servers is taken away to be upgraded, and then the next", Source: "cloud.google.com/kubernetes-engine/docs/concepts/cluster-upgrades"},
		{Event: outage.ReplicaFails, Since: outage.UpgradeBegins, AfterSeconds: &outage.Span{Min: 122.5, Max: &most}, Scope: "control plane", Text: "the new one exits, and again after each start; the upgrade halts"},
		{Event: outage.APILost, Since: outage.UpgradeBegins, Scope: "control plane", Text: "where the others are overloaded, the API is gone"},
		{Event: outage.NodesNotReady, Since: outage.APILost, AfterSeconds: &outage.Span{Min: 50}, Scope: "nodes", Text: "nodes count as NotReady, as soon as a controller can see and say it"},
		{Event: outage.RepairBegins, Since: outage.APILost, AfterSeconds: &outage.Span{Min: 600}, Scope: "node pools", Text: "auto-repair begins to drain and recreate nodes: 5 of 5 are in pools that have it",
			Affected: []outage.Affected{{What: "node pool default-pool", Count: 3}}},
	}, Stop: []outage.Stop{
		{Does: "ends it while any API server answers: no webhook sees its own removal", Command: "kubectl delete validatingwebhookconfiguration opa-validating-webhook"},
		{Does: "keeps node pool default-pool out of it if done before the upgrade", Command: "gcloud container node-pools update default-pool --no-enable-autorepair --cluster prod"},
		{Does: "keeps node pool gpu out of it if done before the upgrade", Command: "gcloud container node-pools update gpu --no-enable-autorepair --cluster prod"},
	}}
}

// incident is OPA frozen in the path of rbac/bootstrap-roles.
func incident() preflight.Report {
	r := base()
	r.Verdict = preflight.NotReady
	cp := &r.Forecast.ControlPlane
	cp.Outcome, cp.ReadyAfterSeconds, cp.ExitsAfterSeconds = forecast.CrashLoop, nil, &forecast.Seconds{Min: 122.5, Max: 125}
	cp.Hooks[0] = forecast.Hook{
		Name: bootstrapRoles, Outcome: forecast.CrashLoop, Fatal: true, DeadlineSeconds: 30, Seconds: cp.ExitsAfterSeconds,
		Reason: "6 writes rejected by ValidatingWebhookConfiguration opa-validating-webhook (validating-webhook.openpolicyagent.org): hung, failurePolicy Fail",
		Writes: by(rbacWrites(), opaHung(forecast.Rejects, "Fail")),
		Source: "k8s.io/kubernetes pkg/registry/rbac/rest/storage_rbac.go, EnsureRBACPolicy",
	}
	r.Forecast.Outage = lost()
	slow := opaHung(forecast.Slows, "Ignore")
	r.Forecast.Lifelines = []forecast.Lifeline{
		{Group: "heartbeats", Name: "node leases", Outcome: forecast.Lost, DeadlineSeconds: 10, Consequence: "every node turns NotReady", Reason: "held up", Writes: []forecast.LifelineWrite{{
			User: "system:node:n1", Write: forecast.Write{Verb: "UPDATE", Resource: "leases.coordination.k8s.io", Namespace: "kube-node-lease", Name: "n1", Effect: forecast.Rejects, InterceptedBy: []forecast.Interception{slow}},
		}}},
		{Group: "heartbeats", Name: "node status", Outcome: forecast.Kept},
		{Group: "joining", Name: "node registration", Outcome: forecast.Open, AtWorst: forecast.Lost},
	}
	blocked := preflight.Finding{
		Check: "GP101", Severity: preflight.Blocker, Subject: opa, CausedBy: "GP113",
		Summary: "ValidatingWebhookConfiguration opa-validating-webhook (validating-webhook.openpolicyagent.org) hung, failurePolicy Fail: 6 writes of rbac/bootstrap-roles fail, and the new replica exits 122 to 125 s after each start",
		Steps:   exempt(),
	}
	for _, w := range rbacWrites() {
		blocked.Evidence = append(blocked.Evidence, preflight.Evidence{Value: w.Verb + " " + w.Resource + " " + w.Name, Note: "rbac/bootstrap-roles: hung in 10002 ms seen from service-proxy"})
	}
	r.Findings = []preflight.Finding{blocked, notAnswering()}
	for _, pool := range []string{"default-pool", "gpu"} {
		r.Findings = append(r.Findings, preflight.Finding{
			Check: "GP201", Severity: preflight.Warning, Subject: preflight.Subject{Kind: "NodePool", Name: pool},
			Summary: "node pool " + pool + " has auto-repair; its nodes are recreated while the API is down",
			Steps:   remedy.Do("switch auto-repair off for the time of the upgrade", remedy.Sh("gcloud container node-pools update %s --cluster prod --location europe-west1 --no-enable-autorepair", pool)),
		})
	}
	for _, id := range []string{"GP101", "GP113", "GP201"} {
		set(&r, id, preflight.Fail, "")
	}
	set(&r, "GP202", preflight.Undecided, "could not read node-leases (forbidden: leases.coordination.k8s.io is forbidden)")
	unread(&r, "node-leases", "forbidden: leases.coordination.k8s.io is forbidden")
	return remedied(r)
}

// delayed is the same webhook failing open, and a policy in the way of a background write.
func delayed() preflight.Report {
	r := base()
	cp := &r.Forecast.ControlPlane
	cp.Outcome, cp.ReadyAfterSeconds = forecast.Delayed, &forecast.Seconds{Min: 62.5, Max: 66}
	cp.Notes = []string{"a kubelet with the liveness probe of GCE's manifest asks it to end after 35 to 45 s, and it is gone after 40 to 55 s; it is restarted once and ready after 66 to 90 s. GKE's own values are not public"}
	cp.Hooks[0] = forecast.Hook{Name: bootstrapRoles, Outcome: forecast.Delayed, Fatal: true, DeadlineSeconds: 30, Writes: by(rbacWrites(), opaHung(forecast.Slows, "Ignore"))}
	policy := forecast.Interception{Culprit: admission.Culprit{Kind: "ValidatingAdmissionPolicy", Name: "no-kube-system", Webhook: "everywhere"}, FailurePolicy: "Fail", Answer: "denied", Effect: forecast.Rejects, Detail: "ConfigMaps of kube-system are managed by the platform team."}
	cp.Hooks[1] = forecast.Hook{Name: authInfo, Outcome: forecast.Degraded, Writes: by([]forecast.Write{authWrite()}, policy)}
	slow := notAnswering()
	r.Findings = []preflight.Finding{
		{Check: "GP102", Severity: preflight.Warning, Subject: opa, CausedBy: "GP113", Summary: "ValidatingWebhookConfiguration opa-validating-webhook (validating-webhook.openpolicyagent.org) hung, failurePolicy Ignore: holds up 6 writes of rbac/bootstrap-roles; the new replica is ready 62 to 66 s after its start at the earliest", Steps: exempt()},
		{Check: "GP103", Severity: preflight.Warning, Subject: preflight.Subject{Kind: "ValidatingAdmissionPolicy", Name: "no-kube-system", Webhook: "everywhere"}, Summary: "denied, failurePolicy Fail: 1 write of start-cluster-authentication-info-controller keep failing; the new replica gets ready without them", Steps: remedy.Do("exempt the API server itself by a matchCondition of the policy", remedy.Sh("kubectl edit validatingadmissionpolicy no-kube-system"))},
		slow,
	}
	for _, id := range []string{"GP102", "GP103", "GP113"} {
		set(&r, id, preflight.Fail, "")
	}
	return remedied(r)
}

// inconclusive is a webhook that may not be asked, and a GKE API that may not be read.
func inconclusive() preflight.Report {
	r := base()
	r.Verdict = preflight.Inconclusive
	cp := &r.Forecast.ControlPlane
	cp.Outcome, cp.ReadyAfterSeconds = forecast.Unknown, nil
	i := opaHung(forecast.Undecided, "Fail")
	i.Answer, i.Milliseconds, i.Vantage, i.Detail = "not-asked", 0, "", "its sideEffects are Some, which forbids a dry-run"
	cp.Hooks[0] = forecast.Hook{Name: bootstrapRoles, Outcome: forecast.Unknown, AtWorst: forecast.CrashLoop, Fatal: true, Writes: by(rbacWrites(), i)}
	hook := preflight.Subject{Kind: "PostStartHook", Name: bootstrapRoles}
	for i, id := range []string{"GP101", "GP102", "GP103", "GP104"} {
		severity := preflight.Warning
		if i == 0 {
			severity = preflight.Blocker
		}
		set(&r, id, preflight.Undecided, "at worst crash-loop: 6 writes undecided")
		r.Open = append(r.Open, preflight.OpenQuestion{Check: id, Severity: severity, Subject: hook, Reason: "at worst crash-loop: 6 writes undecided by " + opa.Kind + " " + opa.Name + ": not-asked, failurePolicy Fail"})
	}
	forbidden := "forbidden: Required \"container.clusters.get\" permission(s) for \"projects/acme-prod/locations/europe-west1/clusters/prod\"."
	for _, f := range []string{"gke-cluster", "gke-node-pools"} {
		unread(&r, f, forbidden)
	}
	set(&r, "GP501", preflight.Undecided, "could not read gke-cluster ("+forbidden+")")
	for _, id := range []string{"GP112", "GP113"} {
		set(&r, id, preflight.Undecided, "could not read services (timeout)")
	}
	set(&r, "GP201", preflight.NotApplicable, "the forecast does not fail")
	return remedied(r)
}

// refused is a cluster on which GKE would refuse the upgrade, though its new replica would start;
// with a waiver, and the GKE pool facts left out.
func refused() preflight.Report {
	r := base()
	r.Verdict = preflight.NotReady
	r.Findings = []preflight.Finding{
		{Check: "GP104", Severity: preflight.Warning, Waived: true, Subject: preflight.Subject{Kind: "ValidatingWebhookConfiguration", Name: "kyverno", Webhook: "validate.kyverno.svc-fail"}, Summary: "ValidatingWebhookConfiguration kyverno (validate.kyverno.svc-fail) fails closed on 6 writes of rbac/bootstrap-roles"},
		{Check: "GP501", Severity: preflight.Blocker, Subject: preflight.Subject{Kind: "Cluster", Name: "prod"}, Summary: "cluster prod is RECONCILING; GKE refuses an upgrade until the running operation is done", Evidence: []preflight.Evidence{{Fact: "gke-cluster", Path: "/status", Value: "RECONCILING"}}, Steps: remedy.Do("wait for the operation", remedy.Sh("gcloud container operations list --location europe-west1 --filter status=RUNNING"))},
	}
	set(&r, "GP104", preflight.Fail, "")
	set(&r, "GP501", preflight.Fail, "")
	set(&r, "GP201", preflight.NotApplicable, "left out: gke-node-pools (left-out: --no-gke)")
	unread(&r, "gke-node-pools", "left-out: --no-gke")
	return remedied(r)
}
