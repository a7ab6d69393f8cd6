package main

import (
	"fmt"
	"regexp"

	corev1 "k8s.io/api/core/v1"
)

// A program is one of an add-on's, as a Deployment of its chart starts it.
type program struct {
	deployment string
	// pkg is the main package: its path in the add-on's module or, where no module has
	// it, in the checkout OWNER/NAME.
	pkg, checkout string
	// flags come to those of the Deployment, and win over them. All programs of an add-on
	// share one network here, and so their ports must differ.
	flags []string
	// certificates is the flag that takes the directory of the certificates that the
	// Deployment mounts from a Secret; empty for a program that reads the Secret itself.
	certificates string
}

// awaited is what an add-on has registered when it is done: how the name of a webhook, or
// of a binding of a policy, begins. Kyverno has webhooks for resources with policies alone.
func awaited(addon, policies string) string {
	if addon == "kyverno" && policies == "" {
		return "monitor-webhooks.kyverno.svc"
	}
	return registers[addon]
}

var registers = map[string]string{
	"gatekeeper":   "gatekeeper-ownedpods-",
	"kyverno":      "validate.kyverno.svc-",
	"cert-manager": "webhook.cert-manager.io",
}

// programs are those that register an add-on's webhooks and policies, or serve them.
// cert-manager's controller does neither.
var programs = map[string][]program{
	"gatekeeper": {
		{deployment: "gatekeeper-controller-manager", pkg: ".", certificates: "--cert-dir"},
		{deployment: "gatekeeper-audit", pkg: ".", certificates: "--cert-dir", flags: []string{"--health-addr=:9091", "--prometheus-port=8889"}},
	},
	"kyverno": {{deployment: "kyverno-admission-controller", pkg: "./cmd/kyverno"}},
	"cert-manager": {
		{deployment: "cert-manager-cainjector", pkg: "cmd/cainjector", checkout: "cert-manager/cert-manager", flags: []string{"--metrics-listen-address=0.0.0.0:9503"}},
		{deployment: "cert-manager-webhook", pkg: "cmd/webhook", checkout: "cert-manager/cert-manager", flags: []string{"--metrics-listen-address=0.0.0.0:9504"}},
	},
}

var reference = regexp.MustCompile(`\$\(([A-Za-z_][A-Za-z0-9_]*)\)`)

// environment is what the kubelet would set in the container, as name and value, and how
// to reach the API server.
func environment(c corev1.Container, p *corev1.Pod, kubeconfig string) map[string]string {
	all := map[string]string{"KUBECONFIG": kubeconfig}
	for _, e := range c.Env {
		value := e.Value
		if e.ValueFrom != nil && e.ValueFrom.FieldRef != nil {
			switch e.ValueFrom.FieldRef.FieldPath {
			case "metadata.namespace":
				value = p.Namespace
			case "metadata.name":
				value = p.Name
			case "spec.serviceAccountName":
				value = p.Spec.ServiceAccountName
			}
		}
		all[e.Name] = expand(value, all)
	}
	return all
}

// expand fills variables in, as the kubelet does in arguments and values.
func expand(s string, env map[string]string) string {
	return reference.ReplaceAllStringFunc(s, func(name string) string {
		if v, ok := env[name[2:len(name)-1]]; ok {
			return v
		}
		return name
	})
}

// arguments are those of the container, and then the program's own.
func (p program) arguments(c corev1.Container, env map[string]string, kubeconfig, certificates string) []string {
	var all []string
	for _, a := range c.Args {
		all = append(all, expand(a, env))
	}
	all = append(all, "--kubeconfig="+kubeconfig)
	if p.certificates != "" {
		all = append(all, fmt.Sprintf("%s=%s", p.certificates, certificates))
	}
	return append(all, p.flags...)
}
