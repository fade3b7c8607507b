-- What a member reads on its own page: five indicators, each with the year before.
with mesures as (
    select exercice, code_collectivite, 1 as rang, 'Bulletins de salaires imprimés' as libelle_indicateur, 'bulletins' as unite, sum(nb_bulletins) as valeur
    from {{ ref('rpt_activite__bulletins_imprimes') }}
    group by exercice, code_collectivite
    union all
    select exercice, code_collectivite, 2, 'Documents mis sous pli', 'documents', sum(nb_documents)
    from {{ ref('rpt_activite__plis') }}
    group by exercice, code_collectivite
    union all
    select exercice, code_collectivite, 3, 'Données hébergées fin décembre (Go)', 'gigaoctets', sum(volume_go)
    from {{ ref('rpt_activite__stockage') }}
    where mois = 12
    group by exercice, code_collectivite
    union all
    select exercice, code_collectivite, 4, 'Licences Zimbra', 'licences', sum(nb_licences)
    from {{ ref('rpt_activite__licences_zimbra') }}
    group by exercice, code_collectivite
    union all
    select exercice, code_collectivite, 5, 'Tickets du centre de services', 'tickets', sum(nb_tickets)
    from {{ ref('rpt_assistance__tickets_collectivites') }}
    group by exercice, code_collectivite
)

select
    cast(mesures.exercice as integer) as exercice,
    cast(mesures.code_collectivite as string) as code_collectivite,
    cast(collectivites.libelle_collectivite as string) as libelle_collectivite,
    cast(mesures.rang as integer) as rang,
    cast(mesures.libelle_indicateur as string) as libelle_indicateur,
    cast(mesures.unite as string) as unite,
    cast(0 as integer) as decimales,
    cast({{ arrondi('mesures.valeur', 0) }} as decimal(20, 6)) as valeur,
    cast({{ arrondi('precedentes.valeur', 0) }} as decimal(20, 6)) as valeur_precedente,
    cast({{ ratio('100 * (mesures.valeur - precedentes.valeur)', 'precedentes.valeur', 1) }} as decimal(20, 6)) as variation_pct
from mesures
inner join {{ ref('dim_collectivite') }} as collectivites
    on mesures.code_collectivite = collectivites.code_collectivite
left join mesures as precedentes
    on mesures.code_collectivite = precedentes.code_collectivite
    and mesures.rang = precedentes.rang
    and mesures.exercice = precedentes.exercice + 1
where collectivites.siren is not null  -- what could not be given back to a member has none
    and collectivites.code_collectivite <> 'syndicat'  -- another syndicate may be a member
