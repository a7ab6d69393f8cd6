package bootstrap

import (
	"crypto/x509"
	"encoding/pem"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// authentication follows kubernetes pkg/controlplane/controller/clusterauthenticationtrust/cluster_authentication_trust_controller.go,
// syncConfigMap: the live data and the replica's own are combined, and written
// if that differs from what is live. Nothing of a foreign authority is taken
// away. The replica's own can't be seen beforehand; that an expired certificate
// falls out can.
func (p *planner) authentication() {
	p.configMap(func(live map[string]string) (map[string]string, []func(*Write)) {
		revised := maps.Clone(live)
		certain := false
		for _, bundle := range []string{"client-ca-file", "requestheader-client-ca-file"} {
			if kept, expired := p.withoutExpired(live[bundle]); expired {
				revised[bundle], certain = kept, true
			}
		}
		if certain {
			return revised, nil
		}
		revised["client-ca-file"] += "# and what the new replica adds\n"
		return revised, []func(*Write){when("if the new replica's certificate authorities or request headers are not in it yet")}
	})
}

// withoutExpired leaves out the certificates that expired more than five minutes
// ago, and reports whether there are any (the same file, filterExpiredCerts).
func (p *planner) withoutExpired(bundle string) (kept string, expired bool) {
	for block, rest := pem.Decode([]byte(bundle)); block != nil; block, rest = pem.Decode(rest) {
		c, err := x509.ParseCertificate(block.Bytes)
		if err == nil && c.NotAfter.Before(p.s.Meta.Now().Add(-5*time.Minute)) {
			expired = true
			continue
		}
		kept += string(pem.EncodeToMemory(block))
	}
	return kept, expired
}

// legacyTokens follows kubernetes pkg/controlplane/controller/legacytokentracking/controller.go,
// syncConfigMap: a date, written once.
func (p *planner) legacyTokens() {
	p.configMap(func(live map[string]string) (map[string]string, []func(*Write)) {
		if _, err := time.Parse(time.DateOnly, live["since"]); err == nil {
			return nil, nil
		}
		return withEntry(live, "since", p.s.Meta.CollectedAt.UTC().Format(time.DateOnly)), nil
	})
}

// configMap creates the hook's ConfigMap, or updates it to what revise returns;
// nil to leave it.
func (p *planner) configMap(revise func(live map[string]string) (map[string]string, []func(*Write))) {
	all, ok := facts.SystemConfigMaps.Get(p.s)
	if !ok {
		return
	}
	for _, want := range p.recorded("ConfigMap", Create) {
		n := slices.IndexFunc(all, func(c facts.ConfigMap) bool { return c.Name == want.GetName() })
		if n < 0 {
			p.create(want)
			continue
		}
		live := all[n]
		if live.Data == nil {
			live.Data = map[string]string{}
		}
		if revised, how := revise(live.Data); revised != nil {
			if live.Labels == nil {
				how = append(how, labelsUnknown)
			}
			p.update(configMap(want, live, revised), configMap(want, live, live.Data), how...)
		}
	}
}

// labelsUnknown: a recording of an earlier version has the object without its labels.
func labelsUnknown(w *Write) { w.LabelsUnknown = true }

func configMap(like *unstructured.Unstructured, live facts.ConfigMap, data map[string]string) *unstructured.Unstructured {
	return untypedOf(&corev1.ConfigMap{
		TypeMeta: metav1.TypeMeta{APIVersion: like.GetAPIVersion(), Kind: like.GetKind()},
		ObjectMeta: metav1.ObjectMeta{Namespace: like.GetNamespace(), Name: like.GetName(),
			Labels: live.Labels, Annotations: live.Annotations},
		Data: data,
	})
}
