package controller

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"

	"guildhall.chat/guildhall/api-types/v1alpha1"
)

// measureCertificate tells when the certificate of spec.tls expires. What is wrong with the Secret is for the Ingress controller to
// say.
func (r *Reconciler) measureCertificate(ctx context.Context, cluster *v1alpha1.ChatCluster) error {
	var secret *corev1.Secret
	name := cluster.Spec.TLS.SecretName
	if !cluster.Spec.TLS.Disabled && name != "" {
		var err error
		if secret, err = r.readSecret(ctx, cluster.Namespace, name); err != nil {
			return err
		}
	}
	certificateExpiry.DeletePartialMatch(prometheus.Labels{"namespace": cluster.Namespace, "chatcluster": cluster.Name})
	if secret != nil {
		if expires, err := expiry(secret.Data[corev1.TLSCertKey]); err == nil {
			certificateExpiry.WithLabelValues(cluster.Namespace, cluster.Name, name).Set(unix(expires))
		}
	}
	return nil
}

// expiry is when the first certificate of a chain expires: that of the domain.
func expiry(chain []byte) (time.Time, error) {
	block, _ := pem.Decode(chain)
	if block == nil || block.Type != "CERTIFICATE" {
		return time.Time{}, fmt.Errorf("key %s holds no certificate", corev1.TLSCertKey)
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return time.Time{}, fmt.Errorf("read certificate: %w", err)
	}
	return certificate.NotAfter, nil
}
