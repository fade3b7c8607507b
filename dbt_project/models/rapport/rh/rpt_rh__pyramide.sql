-- The ages of the permanent agents, women and men, in the three bands that the report prints.
{{ pyramide(
    ref('fct_effectifs'),
    'case when tranche_age_ans >= 50 then 50 when tranche_age_ans >= 30 then 30 else 0 end',
    "case when tranche_age_ans >= 50 then '50 ans et plus' when tranche_age_ans >= 30 then 'De 30 à 49 ans' else 'Moins de 30 ans' end"
) }}
