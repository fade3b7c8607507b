-- The same in bands of five years.
{{ pyramide(ref('fct_effectifs'), 'tranche_age_ans', "'de ' || tranche_age_ans || ' à ' || (tranche_age_ans + 4) || ' ans'") }}
