package main

import (
	"encoding/binary"
	"hash/crc32"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

// way is how a record is sent.
type way int

const (
	plainly way = iota
	byGzip
	bySnappy
	byLz4
	byZstd
	byHand        // a batch of our own making: clients do not send the timestamps that the protocol allows
	inTransaction // that is committed
	inAborted     // in one that is not
)

// hostileSender sends records as a hostile producer would. kafka-go cannot: it changes timestamps and has no
// transactions.
type hostileSender struct {
	brokers []string
	clients map[way]*kgo.Client
}

// client returns the client for a way, the same for every record.
func (s *hostileSender) client(t *testing.T, w way) *kgo.Client {
	t.Helper()
	if c := s.clients[w]; c != nil {
		return c
	}
	codec := kgo.NoCompression()
	switch w {
	case byGzip:
		codec = kgo.GzipCompression()
	case bySnappy:
		codec = kgo.SnappyCompression()
	case byLz4:
		codec = kgo.Lz4Compression()
	case byZstd:
		codec = kgo.ZstdCompression()
	case plainly, byHand, inTransaction, inAborted:
	}
	opts := []kgo.Opt{
		kgo.SeedBrokers(s.brokers...), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerLinger(0),
		kgo.ProducerBatchMaxBytes(16 << 20), kgo.ProducerBatchCompression(codec),
	}
	switch w {
	case inTransaction:
		opts = append(opts, kgo.TransactionalID("hostile-"+t.Name()))
	case byHand:
		named := kversion.Stable()
		named.SetMaxKeyVersion(kmsg.Produce.Int16(), 12) // from 13 on topics have ids instead of names
		opts = append(opts, kgo.MaxVersions(named))
	case plainly, byGzip, bySnappy, byLz4, byZstd, inAborted:
	}
	c, err := kgo.NewClient(opts...)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	s.clients[w] = c
	return c
}

// send sends a record, in its way, and notes in it where it is. It reports false where this broker does not
// take such a record.
func (s *hostileSender) send(t *testing.T, w way, r *kgo.Record) bool {
	t.Helper()
	switch w {
	case byHand:
		return s.sendByHand(t, r)
	case inTransaction, inAborted:
		c := s.client(t, inTransaction)
		require.NoError(t, c.BeginTransaction())
		require.NoError(t, c.ProduceSync(t.Context(), r).FirstErr())
		require.NoError(t, c.EndTransaction(t.Context(), kgo.TransactionEndTry(w == inTransaction)))
	case plainly, byGzip, bySnappy, byLz4, byZstd:
		require.NoError(t, s.client(t, w).ProduceSync(t.Context(), r).FirstErr())
	}
	return true
}

func (s *hostileSender) sendByHand(t *testing.T, r *kgo.Record) bool {
	t.Helper()
	req := kmsg.NewPtrProduceRequest()
	req.Acks, req.TimeoutMillis = -1, 10_000
	p := kmsg.NewProduceRequestTopicPartition()
	p.Partition, p.Records = r.Partition, batchOf(r)
	topic := kmsg.NewProduceRequestTopic()
	topic.Topic, topic.Partitions = r.Topic, append(topic.Partitions, p)
	req.Topics = append(req.Topics, topic)
	leader := s.client(t, byHand).Broker(s.leader(t, r.Topic, r.Partition))
	answer, err := leader.RetriableRequest(t.Context(), req)
	require.NoError(t, err)
	at := answer.(*kmsg.ProduceResponse).Topics[0].Partitions[0] //nolint:forcetypeassert // the protocol pairs them
	if err := kerr.ErrorForCode(at.ErrorCode); err != nil {
		require.ErrorIs(t, err, kerr.InvalidTimestamp)
		t.Logf("the broker does not take a message of %d ms", r.Timestamp.UnixMilli())
		return false
	}
	r.Offset = at.BaseOffset
	return true
}

// leader returns the broker that takes a partition's messages.
func (s *hostileSender) leader(t *testing.T, topic string, partition int32) int {
	t.Helper()
	req := kmsg.NewPtrMetadataRequest()
	rt := kmsg.NewMetadataRequestTopic()
	rt.Topic = &topic
	req.Topics = append(req.Topics, rt)
	res, err := req.RequestWith(t.Context(), s.client(t, byHand))
	require.NoError(t, err)
	for _, p := range res.Topics[0].Partitions {
		if p.Partition == partition {
			return int(p.Leader)
		}
	}
	require.Fail(t, "no such partition")
	return -1
}

// batchOf returns a record batch (magic 2) that holds the record alone.
func batchOf(r *kgo.Record) []byte {
	rec := kmsg.Record{Key: r.Key, Value: r.Value}
	for _, h := range r.Headers {
		rec.Headers = append(rec.Headers, kmsg.Header(h))
	}
	rec.Length = int32(len(rec.AppendTo(nil)) - 1) // without the length itself, which is a byte while it is 0
	b := kmsg.RecordBatch{
		PartitionLeaderEpoch: -1, Magic: 2, FirstTimestamp: r.Timestamp.UnixMilli(), MaxTimestamp: r.Timestamp.UnixMilli(),
		ProducerID: -1, ProducerEpoch: -1, FirstSequence: -1, NumRecords: 1, Records: rec.AppendTo(nil),
	}
	const untilLength, untilCRC = 12, 21
	raw := b.AppendTo(nil)
	b.Length = int32(len(raw) - untilLength)
	b.CRC = int32(crc32.Checksum(raw[untilCRC:], crc32.MakeTable(crc32.Castagnoli)))
	binary.BigEndian.PutUint32(raw[untilLength-4:], uint32(b.Length))
	binary.BigEndian.PutUint32(raw[untilCRC-4:], uint32(b.CRC))
	return raw
}
